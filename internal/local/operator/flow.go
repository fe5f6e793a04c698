package operator

import (
	"slices"

	"github.com/facescan/facescan/internal/catalog"
)

// Kinds of nodes.
const (
	kindEnd      = "end"      // who begins something: people, the schedule
	kindFunction = "function" // one that answers requests
	kindConsumer = "consumer" // one that takes events
	kindTopic    = "topic"
	kindBucket   = "bucket"
)

// Names of the nodes that are in no row of the catalog.
const (
	nodeClient   = "client"
	nodeSchedule = "schedule"
)

// Node is a part of the system in the picture. Its ID is its kind and its name, as "topic:rank".
type Node struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Purpose string `json:"purpose,omitempty"`
}

// Picture is the system as the catalog has it. Each link is a pair of IDs of nodes, from the one
// that sends or writes to the other.
type Picture struct {
	Nodes []Node      `json:"nodes"`
	Links [][2]string `json:"links"`
}

func id(kind, name string) string { return kind + ":" + name }

// functionID returns the ID of the node of a function.
func functionID(f catalog.Function) string {
	if f.Trigger == catalog.HTTP {
		return id(kindFunction, f.Name)
	}
	return id(kindConsumer, f.Name)
}

// picture returns the system.
func picture() Picture {
	p := Picture{}
	add := func(kind, name string) string {
		p.Nodes = append(p.Nodes, Node{ID: id(kind, name), Kind: kind, Name: name})
		return id(kind, name)
	}
	client, schedule := add(kindEnd, nodeClient), add(kindEnd, nodeSchedule)
	uploads := add(kindBucket, "uploads")
	results := add(kindBucket, "results")
	tombstones := add(kindBucket, "tombstones")
	for _, topic := range catalog.Topics() {
		add(kindTopic, topic)
	}
	link := func(from, to string) { p.Links = append(p.Links, [2]string{from, to}) }
	link(client, uploads)
	link(uploads, id(kindTopic, "upload-finalized"))
	link(schedule, id(kindTopic, "sweep-requested-v1"))
	for _, f := range catalog.Functions() {
		own := functionID(f)
		p.Nodes = append(p.Nodes, Node{
			ID: own, Kind: own[:len(own)-len(f.Name)-1], Name: f.Name, Purpose: f.Purpose,
		})
		if f.Trigger == catalog.HTTP {
			link(client, own)
		}
		for _, topic := range f.Takes {
			link(id(kindTopic, topic), own)
		}
		for _, topic := range owes(f) {
			link(own, id(kindTopic, topic))
		}
		for bucket, grant := range map[string]string{uploads: f.Uploads, results: f.Results, tombstones: f.Tombstones} {
			switch grant {
			case "":
			case catalog.BucketRead:
				link(bucket, own)
			default:
				link(own, bucket)
			}
		}
	}
	return p
}

// owes returns the topics of the events that a function makes. The sweep may publish to all, as it
// publishes what others could not.
func owes(f catalog.Function) []string {
	if f.Trigger == catalog.Schedule {
		return catalog.SweepOwes()
	}
	return slices.Clone(f.Publishes)
}
