package main

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// readContract returns the root node of the contract.
func readContract(root string) (*yaml.Node, error) {
	data, err := os.ReadFile(filepath.Join(root, contractFile)) //nolint:gosec // a file of the repository
	if err != nil {
		return nil, err
	}
	return parse(data)
}

// parse returns the root node of a contract.
func parse(text []byte) (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", contractFile, err)
	}
	return doc.Content[0], nil
}

// member returns the member of a mapping, or an empty node.
func member(of *yaml.Node, path ...string) *yaml.Node {
	for _, name := range path {
		found := &yaml.Node{}
		for i := 0; i+1 < len(of.Content); i += 2 {
			if of.Content[i].Value == name {
				found = of.Content[i+1]
			}
		}
		of = resolved(found)
	}
	return of
}

// resolved returns what an alias stands for, and other nodes as they are.
func resolved(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// quotaTable returns the quotas of x-quotas as a table in Markdown.
func quotaTable(doc *yaml.Node) string {
	var b strings.Builder
	b.WriteString("\n| quota | what it counts | requests | in |\n| --- | --- | --- | --- |\n")
	for name, one := range pairs(member(doc, "x-quotas")) {
		window, _ := time.ParseDuration(member(one, "window").Value + "s") // a test compares it with the rule
		in := map[time.Duration]string{time.Hour: "an hour", 24 * time.Hour: "a day"}[window]
		if in == "" {
			in = fmt.Sprintf("%.0f minutes", window.Minutes())
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n",
			name, member(one, "counts").Value, member(one, "requests").Value, in)
	}
	b.WriteString("\n")
	return b.String()
}

// pairs returns the members of a mapping in their order, with aliases resolved.
func pairs(of *yaml.Node) iter.Seq2[string, *yaml.Node] {
	return func(yield func(string, *yaml.Node) bool) {
		for i := 0; i+1 < len(of.Content); i += 2 {
			if !yield(of.Content[i].Value, resolved(of.Content[i+1])) {
				return
			}
		}
	}
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode} }

func scalar(value string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: value} }

// put adds a member to a mapping.
func put(to *yaml.Node, name string, value *yaml.Node) {
	to.Content = append(to.Content, scalar(name), value)
}

// clone returns a copy of the node without its comments, anchors and aliases.
func clone(node *yaml.Node) *yaml.Node {
	node = resolved(node)
	copied := &yaml.Node{Kind: node.Kind, Style: node.Style, Tag: node.Tag, Value: node.Value}
	for _, one := range node.Content {
		copied.Content = append(copied.Content, clone(one))
	}
	return copied
}
