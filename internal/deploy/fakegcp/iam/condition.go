package iam

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// Resource is what a request is about, as conditions see it. A service that does not support
// resource attributes leaves them empty, and a condition on them is not met.
// https://cloud.google.com/iam/docs/conditions-resource-attributes
type Resource struct{ Service, Type, Name string }

// ErrCondition means that an expression is none that IAM accepts.
var ErrCondition = errors.New("condition expression compilation failed")

// maxOperators is the most logical operators in an expression.
// https://cloud.google.com/iam/quotas#limits
const maxOperators = 12

var logical = regexp.MustCompile(`&&|\|\||!(?:[^=]|$)`)

// modifiedRoles is the attribute by which a condition limits the roles that a caller may grant.
// https://cloud.google.com/iam/docs/setting-limits-on-granting-roles
const modifiedRoles = "iam.googleapis.com/modifiedGrantsByRole"

// environment declares what IAM adds to CEL.
// https://cloud.google.com/iam/docs/conditions-attribute-reference
var environment = sync.OnceValues(func() (*cel.Env, error) {
	attributes, texts := cel.MapType(cel.StringType, cel.DynType), cel.ListType(cel.StringType)
	return cel.NewEnv(
		cel.Variable("resource", cel.MapType(cel.StringType, cel.StringType)),
		cel.Variable("request", attributes),
		cel.Variable("api", attributes),
		cel.Function("getAttribute", cel.MemberOverload(
			"api_get_attribute", []*cel.Type{attributes, cel.StringType, texts}, texts, cel.FunctionBinding(getAttribute),
		)),
		cel.Function("hasOnly", cel.MemberOverload(
			"list_has_only", []*cel.Type{texts, texts}, cel.BoolType, cel.BinaryBinding(hasOnly),
		)),
	)
})

func getAttribute(args ...ref.Val) ref.Val {
	all, err := args[0].ConvertToNative(typeOf[map[string]any]())
	if err != nil {
		return types.WrapErr(err)
	}
	attributes, _ := all.(map[string]any)
	name, _ := args[1].Value().(string)
	if value, known := attributes[name]; known {
		return types.DefaultTypeAdapter.NativeToValue(value)
	}
	return args[2]
}

func hasOnly(all, allowed ref.Val) ref.Val {
	list, err := all.ConvertToNative(typeOf[[]string]())
	if err != nil {
		return types.WrapErr(err)
	}
	within, err := allowed.ConvertToNative(typeOf[[]string]())
	if err != nil {
		return types.WrapErr(err)
	}
	some, _ := list.([]string)
	admitted, _ := within.([]string)
	for _, one := range some {
		if !slices.Contains(admitted, one) {
			return types.False
		}
	}
	return types.True
}

// Compile checks an expression as a write of a policy does.
func Compile(expression string) (cel.Program, error) {
	if n := len(logical.FindAllString(expression, -1)); n > maxOperators {
		return nil, fmt.Errorf("%w: %d logical operators, and at most %d are allowed", ErrCondition, n, maxOperators)
	}
	env, err := environment()
	if err != nil {
		return nil, fmt.Errorf("iam: declare what conditions may use: %w", err)
	}
	ast, issues := env.Compile(expression)
	if issues.Err() != nil {
		return nil, fmt.Errorf("%w: %w", ErrCondition, issues.Err())
	}
	if ast.OutputType() != cel.BoolType {
		return nil, fmt.Errorf("%w: it is a %s and has to be a bool", ErrCondition, ast.OutputType())
	}
	return env.Program(ast)
}

// met reports whether the expression holds. One that cannot be evaluated does not.
func met(expression string, q Question) bool {
	if expression == "" {
		return true
	}
	program, err := Compile(expression)
	if err != nil {
		return false
	}
	attributes := map[string]any{}
	if q.ModifiedRoles != nil {
		attributes[modifiedRoles] = q.ModifiedRoles
	}
	result, _, err := program.Eval(map[string]any{
		"resource": map[string]string{
			"service": q.Resource.Service, "type": q.Resource.Type, "name": q.Resource.Name,
		},
		"request": map[string]any{"time": types.Timestamp{Time: q.Time.In(time.UTC)}},
		"api":     attributes,
	})
	return err == nil && result == types.True
}
