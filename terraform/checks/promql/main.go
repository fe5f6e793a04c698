// Promql answers PromQL queries over given series by Prometheus's own engine. It reads a JSON list
// of [question] and writes the list of answers. It is a module of its own, so that nothing else
// requires Prometheus.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// question is a query at a number of minutes after the first sample. Each of the series has a
// sample a minute and is written as in Prometheus's unit tests of rules, such as up{a="b"} 0+1x30.
type question struct {
	Query   string
	Series  []string
	Minutes int
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		return fmt.Errorf("read the questions: %w", err)
	}
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1e6, Timeout: time.Minute})
	answers := make([][]string, len(questions))
	for i, q := range questions {
		var err error
		if answers[i], err = q.answer(ctx, engine); err != nil {
			return fmt.Errorf("query %s: %w", q.Query, err)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

// answer returns the labels of what the query finds.
func (q question) answer(ctx context.Context, engine *promql.Engine) ([]string, error) {
	series := make([]storage.Series, len(q.Series))
	for i, text := range q.Series {
		var err error
		if series[i], err = parse(text); err != nil {
			return nil, fmt.Errorf("series %s: %w", text, err)
		}
	}
	at := time.UnixMilli(0).Add(time.Duration(q.Minutes) * time.Minute)
	query, err := engine.NewInstantQuery(ctx, queryable(series), nil, q.Query, at)
	if err != nil {
		return nil, err
	}
	defer query.Close()
	found, err := query.Exec(ctx).Vector()
	if err != nil {
		return nil, err
	}
	all := []string{}
	for _, sample := range found {
		all = append(all, sample.Metric.String())
	}
	slices.Sort(all)
	return all, nil
}

func parse(text string) (storage.Series, error) {
	lset, values, err := parser.NewParser(parser.Options{}).ParseSeriesDesc(text)
	if err != nil {
		return nil, err
	}
	series := promql.Series{Metric: lset}
	for i, v := range values {
		if !v.Omitted {
			at := time.Duration(i) * time.Minute
			series.Floats = append(series.Floats, promql.FPoint{T: at.Milliseconds(), F: v.Value})
		}
	}
	return promql.NewStorageSeries(series), nil
}

// queryable serves the series that match.
func queryable(all []storage.Series) storage.Queryable {
	return &storage.MockQueryable{MockQuerier: &storage.MockQuerier{SelectMockFunction: func(
		_ bool, _ *storage.SelectHints, matchers ...*labels.Matcher,
	) storage.SeriesSet {
		var found []storage.Series
		for _, s := range all {
			lset := s.Labels()
			if !slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(lset.Get(m.Name)) }) {
				found = append(found, s)
			}
		}
		return &matched{left: found}
	}}}
}

// matched is a set of series.
type matched struct {
	left    []storage.Series
	current storage.Series
}

func (m *matched) Next() bool {
	if len(m.left) == 0 {
		return false
	}
	m.current, m.left = m.left[0], m.left[1:]
	return true
}

func (m *matched) At() storage.Series                { return m.current }
func (m *matched) Err() error                        { return nil }
func (m *matched) Warnings() annotations.Annotations { return nil }
