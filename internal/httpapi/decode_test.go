package httpapi

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/fault"
)

func TestInteger(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"0": 0, "-0": 0, "0.0": 0, "0e99999999999999999999": 0, "1990": 1990, "1990.0": 1990, "1990.000": 1990,
		"1.99e3":  1990,
		"1.99E+3": 1990, "199000e-2": 1990, "0.0199e5": 1990, "-1e2": -100, "9223372036854775807": 1<<63 - 1,
		"-9223372036854775808": -1 << 63, "0." + strings.Repeat("0", 90) + "1e91": 1,
	} {
		if got, err := integer(text); err != nil || got != want {
			t.Errorf("%s = %d, %v", text, got, err)
		}
	}
	for text, want := range map[string]error{
		"1990.5": errFraction, "1e-1": errFraction, "0.1": errFraction, "1.99e1": errFraction,
		"1e-99999999999999999999": errFraction,
		"1e-1000000000":           errFraction, "1e99999999999999999999": errTooLarge, "1e1000000000": errTooLarge,
		"1e400":               errTooLarge,
		"9223372036854775808": errTooLarge, "-9223372036854775809": errTooLarge,
		"1" + strings.Repeat("0", 60_000): errTooLarge,
	} {
		if got, err := integer(text); got != 0 || !errors.Is(err, want) {
			t.Errorf("%.30s = %d, %v", text, got, err)
		}
	}
}

// The rule is that of exact arithmetic, which takes memory as the exponent says.
func TestInteger_isExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,9})(\.[0-9]{1,9})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "number")
		exact, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("%s is no number", text)
		}
		want, whole := int64(0), exact.IsInt() && exact.Num().IsInt64()
		if whole {
			want = exact.Num().Int64()
		}
		if got, err := integer(text); (err == nil) != whole || int64(got) != want {
			t.Errorf("%s = %d, %v", text, got, err)
		}
	})
}

type patched struct {
	Name Member[string] `json:"name"`
	Legs Member[int]    `json:"legs"`
	Born *int           `json:"born"`
}

func TestMember(t *testing.T) {
	t.Parallel()
	name, legs := "Rex", 4
	for text, want := range map[string]patched{
		`{}`:                         {},
		`{"name":null,"legs":null}`:  {Name: Member[string]{Given: true}, Legs: Member[int]{Given: true}},
		`{"name":"Rex","legs":4.0}`:  {Name: Member[string]{true, &name}, Legs: Member[int]{true, &legs}},
		`{"legs":4e0,"name": null }`: {Name: Member[string]{Given: true}, Legs: Member[int]{true, &legs}},
	} {
		var got patched
		if err := unmarshal("", []byte(text), &got); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	for text, want := range map[string]string{
		`{"born":null}`: "/born", `{"name":7}`: "/name", `{"legs":4.5}`: "/legs", `{"legs":"4"}`: "/legs", `null`: "",
		`{"name":["x"]}`: "/name", `[]`: "",
	} {
		f := fault.From(unmarshal("", []byte(text), new(patched)))
		if f == nil || f.Code != fault.CodeInvalidField || len(f.Fields) != 1 || f.Fields[0].String() != want {
			t.Errorf("%s: %+v", text, f)
		}
	}
}

func TestDecodeText_pointsBelowTheText(t *testing.T) {
	t.Parallel()
	type toy struct {
		Kind string `json:"kind" required:"true"`
	}
	for text, want := range map[string]string{
		`[{}]`: "/to~1ys/0/kind", `[{"kind":null}]`: "/to~1ys/0/kind", `[{"x":1}]`: "/to~1ys/0/x", `null`: "/to~1ys",
	} {
		_, err := DecodeText[[]toy]("to/ys", text)
		if f := fault.From(err); f == nil || len(f.Fields) != 1 || f.Fields[0].String() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}
