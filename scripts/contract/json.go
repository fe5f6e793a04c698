package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// toJSON returns the document as JSON without spaces, in its order and with aliases resolved.
func toJSON(node *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	if err := writeJSON(&b, node); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

func writeJSON(b *bytes.Buffer, node *yaml.Node) error {
	node = resolved(node)
	switch node.Kind { //nolint:exhaustive // the others are values
	case yaml.MappingNode:
		separator := byte('{')
		for name, value := range pairs(node) {
			b.WriteByte(separator)
			separator = ','
			if err := writeValue(b, name); err != nil {
				return err
			}
			b.WriteByte(':')
			if err := writeJSON(b, value); err != nil {
				return err
			}
		}
		if separator == '{' {
			b.WriteByte('{')
		}
		b.WriteByte('}')
		return nil
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i, one := range node.Content {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := writeJSON(b, one); err != nil {
				return err
			}
		}
		b.WriteByte(']')
		return nil
	case yaml.ScalarNode:
		var value any = node.Value // a text, or a date, which JSON has no type for
		if tag := node.ShortTag(); tag != "!!str" && tag != "!!timestamp" {
			if err := node.Decode(&value); err != nil {
				return fmt.Errorf("line %d: %w", node.Line, err)
			}
		}
		return writeValue(b, value)
	}
	return fmt.Errorf("line %d: a node of kind %d", node.Line, node.Kind)
}

// writeValue writes a text, number, boolean or null.
func writeValue(b *bytes.Buffer, value any) error {
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the line's end
	return nil
}
