package fault_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/facescan/facescan/internal/fault"
)

func TestEveryCode_survivesWrapping(t *testing.T) {
	t.Parallel()
	for code, kind := range fault.Codes() {
		err := fmt.Errorf("outer: %w", fmt.Errorf("inner: %w", fault.Wrap(errors.New("cause"), code, "detail")))
		got := fault.From(err)
		if got.Code != code || got.Code.Kind() != kind || !fault.Is(err, code) {
			t.Errorf("From(%v) = %v, want code %q", err, got, code)
		}
		if kind.Status() < 400 || kind.Title() == "" {
			t.Errorf("kind %d of %q has status %d and title %q", kind, code, kind.Status(), kind.Title())
		}
	}
}

// The compiler cannot see that a new constant lacks its row, and a missing row would answer 500.
func TestEveryDeclaredCode_hasAKind(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		lit, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		declared++
		code, _ := strconv.Unquote(lit.Value)
		if _, ok := fault.Codes()[fault.Code(code)]; !ok {
			t.Errorf("code %q has no row in list.go", code)
		}
		return true
	})
	if declared != len(fault.Codes()) {
		t.Errorf("codes.go declares %d codes, the list has %d", declared, len(fault.Codes()))
	}
}

func TestFrom(t *testing.T) {
	t.Parallel()
	t.Run("nil stays nil", func(t *testing.T) {
		if fault.From(nil) != nil {
			t.Error("From(nil) is not nil")
		}
	})
	t.Run("an unknown error is internal, keeps its cause and shows none of it", func(t *testing.T) {
		cause := errors.New("password=hunter2")
		got := fault.From(cause)
		if got.Code != fault.CodeInternal || !errors.Is(got, cause) {
			t.Errorf("From = %#v", got)
		}
		if got.Detail == cause.Error() {
			t.Error("the cause is shown to the caller")
		}
	})
}

func TestError_Err(t *testing.T) {
	t.Parallel()
	e := fault.New(fault.CodeInvalidField, "Some members are not valid.")
	if err := e.Err(); err != nil {
		t.Errorf("without fields: %v", err)
	}
	_ = e.WithField("/name", "is too long")
	if err := e.Err(); !errors.Is(err, e) {
		t.Errorf("with a field: %v", err)
	}
}

func TestExpected(t *testing.T) {
	t.Parallel()
	overload, taken := fault.New(fault.CodeUnavailable, "too many"), fault.New(fault.CodeUsernameTaken, "taken")
	broken := fault.Wrap(errors.New("connection reset"), fault.CodeUnavailable, "later")
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"a refusal":                    {taken, true},
		"a refusal with a cause":       {fault.Wrap(errors.New("x"), fault.CodeRateLimited, "later"), true},
		"overload":                     {overload, true},
		"overload, told on":            {fmt.Errorf("x: %w", fault.Wrap(overload, fault.CodeUnavailable, "again")), true},
		"a store that does not answer": {broken, false},
		"an unknown error":             {errors.New("x"), false},
		"an internal error":            {fault.New(fault.CodeInternal, "x"), false},
		"nothing":                      {nil, false},
		"overload and a refusal":       {errors.Join(overload, taken), true},
		"overload and a broken store":  {fmt.Errorf("x: %w", errors.Join(overload, broken)), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fault.Expected(tt.err); got != tt.want {
				t.Errorf("Expected = %v", got)
			}
		})
	}
}

func TestRetryable(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  error
		want bool
	}{
		"an unknown error may heal":          {errors.New("connection reset"), true},
		"an unavailable store may heal":      {fault.New(fault.CodeUnavailable, "later"), true},
		"a rate limit heals":                 {fault.New(fault.CodeRateLimited, "later"), true},
		"a malformed event never heals":      {fault.New(fault.CodeEventMalformed, "no"), false},
		"a wrapped permanent error is final": {fmt.Errorf("x: %w", fault.New(fault.CodeAnalysisCrashed, "no")), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := fault.Retryable(tt.err); got != tt.want {
				t.Errorf("Retryable = %v, want %v", got, tt.want)
			}
		})
	}
}
