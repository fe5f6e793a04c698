package scan

// showResult returns the stored result with the names that the API has for its members (see "Names"
// in internal/httpapi/README.md), and without those that have no value. The report is stored as the
// engine made it.
func showResult(stored map[string]any) map[string]any {
	if stored == nil {
		return nil
	}
	v, _ := withoutNone(stored).(map[string]any)
	rename(v, "version", "engine")
	rename(v, "quality", "checks")
	renameEach(v["metrics"], "name", "metric")
	if score, ok := v["score"].(map[string]any); ok {
		rename(score, "se", "standardError")
		renameEach(score["contributions"], "metric", "part")
	}
	renameEach(v["notMeasured"], "name", "metric")
	renameEach(v["notMeasured"], "reason", "detail")
	return v
}

// withoutNone returns a copy of the JSON value without members that are null or "".
func withoutNone(value any) any {
	switch value := value.(type) {
	case map[string]any:
		kept := make(map[string]any, len(value))
		for name, member := range value {
			if member != nil && member != "" {
				kept[name] = withoutNone(member)
			}
		}
		return kept
	case []any:
		kept := make([]any, len(value))
		for i, element := range value {
			kept[i] = withoutNone(element)
		}
		return kept
	default:
		return value
	}
}

func rename(object map[string]any, old, name string) {
	if member, ok := object[old]; ok {
		object[name] = member
		delete(object, old)
	}
}

func renameEach(list any, old, name string) {
	elements, _ := list.([]any)
	for _, element := range elements {
		if object, ok := element.(map[string]any); ok {
			rename(object, old, name)
		}
	}
}
