package httpapi

import (
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	strictjson "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/facescan/facescan/internal/fault"
)

// Decode reads the request's body as exactly one JSON value of type T, by the rules of the
// contract's schemas:
//
//   - Unknown and duplicate members and members of the wrong type are refused.
//   - null is refused, except for a [Member] of a merge patch.
//   - A whole number may be written in any form: 1990, 1990.0 and 1.99e3 (JSON Schema 2020-12,
//     validation, 6.1.1).
//   - A field with the tag `required:"true"` must be present, and a text with the tag
//     `nonempty:"true"` must not be empty.
//
// Each fault is an error with a pointer to the member. A body over [MaxBody] is an error too. The
// route must list [JSON] or [MergePatch].
func Decode[T any](w http.ResponseWriter, r *http.Request) (T, error) {
	var value T
	body, err := ReadBody(w, r, MaxBody)
	if err != nil {
		return value, err
	}
	err = unmarshal("", body, &value)
	return value, err
}

// DecodeOptional is like [Decode] for a route that lists [OptionalJSON]. Without a body it returns
// the zero T.
func DecodeOptional[T any](w http.ResponseWriter, r *http.Request) (T, error) {
	if r.ContentLength == 0 {
		var none T
		return none, nil
	}
	return Decode[T](w, r)
}

// DecodeText decodes a text of a [Form] by the rules of [Decode]. The pointers of its errors begin
// with the text's name.
func DecodeText[T any](name, text string) (T, error) {
	var value T
	err := unmarshal(jsontext.Pointer("").AppendToken(name), []byte(text), &value)
	return value, err
}

// Member is a member of a merge patch (RFC 7396): absent, null or a value.
type Member[T any] struct {
	// Given reports whether it is present. Value is nil if it is null.
	Given bool
	Value *T
}

// UnmarshalJSONFrom sets Given and decodes the value.
func (m *Member[T]) UnmarshalJSONFrom(decoder *jsontext.Decoder) error {
	m.Given = true
	if decoder.PeekKind() == 'n' {
		return decoder.SkipValue()
	}
	m.Value = new(T)
	return strictjson.UnmarshalDecode(decoder, m.Value)
}

func (*Member[T]) nullable() {}

var (
	errNull     = errors.New("must not be null")
	errFraction = errors.New("must be a whole number")
	errTooLarge = errors.New("is out of range")
)

// strict are the options for reading bodies. encoding/json reports an unknown member only by its
// text and accepts duplicates; its successor has types for both.
var strict = strictjson.JoinOptions(
	strictjson.RejectUnknownMembers(true),
	strictjson.WithUnmarshalers(strictjson.JoinUnmarshalers(
		strictjson.UnmarshalFromFunc(refuseNull), strictjson.UnmarshalFromFunc(wholeNumber),
	)),
)

// refuseNull is called for every value. It refuses null, which would otherwise leave a field
// unchanged as if it were absent.
func refuseNull(decoder *jsontext.Decoder, into any) error {
	if _, ok := into.(interface{ nullable() }); ok || decoder.PeekKind() != 'n' {
		return errors.ErrUnsupported // decode it as usual
	}
	return errNull
}

// wholeNumber decodes integers in all forms; strictjson accepts only the plainest.
func wholeNumber(decoder *jsontext.Decoder, into *int) error {
	if decoder.PeekKind() != '0' {
		return errors.ErrUnsupported // strictjson's error names the type
	}
	number, err := decoder.ReadValue()
	if err != nil {
		return err
	}
	*into, err = integer(string(number))
	return err
}

// integer returns the value of a JSON number that is whole and fits an int. Its exponent may have
// any size, so no step takes more than the text's length.
func integer(number string) (int, error) {
	digits, negative := strings.CutPrefix(number, "-")
	digits, exponent := cutExponent(digits)
	whole, fraction, _ := strings.Cut(digits, ".")
	digits = strings.TrimRight(whole+fraction, "0")
	if strings.Trim(digits, "0") == "" {
		return 0, nil
	}
	power, err := strconv.Atoi(exponent)
	places := len(whole) + power // digits before the point
	const most = 100             // more digits than any integer has, including the leading zeros of 0.00...e+99
	switch {
	case err != nil && strings.HasPrefix(exponent, "-"), err == nil && places < len(digits):
		return 0, errFraction
	case err != nil, power > most, places > most:
		return 0, errTooLarge
	}
	digits += strings.Repeat("0", places-len(digits))
	if negative {
		digits = "-" + digits
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0, errTooLarge
	}
	return n, nil
}

func cutExponent(number string) (digits, exponent string) {
	if i := strings.IndexAny(number, "eE"); i >= 0 {
		return number[:i], number[i+1:]
	}
	return number, "0"
}

// unmarshal decodes text, the value at the pointer, into value.
func unmarshal(at jsontext.Pointer, text []byte, value any) error {
	if err := strictjson.Unmarshal(text, value, strict); err != nil {
		return decodeFault(at, err)
	}
	fields := missing(at, reflect.TypeOf(value).Elem(), text)
	if len(fields) == 0 {
		return nil
	}
	bad := fault.New(fault.CodeInvalidField, "A member of the body is missing or empty.")
	bad.Fields = fields
	return bad
}

// decodeFault turns an error in decoding the value at the pointer into a fault.
func decodeFault(at jsontext.Pointer, err error) error {
	var semantic *strictjson.SemanticError
	if !errors.As(err, &semantic) {
		var syntax *jsontext.SyntacticError
		if errors.As(err, &syntax) && errors.Is(err, jsontext.ErrDuplicateName) {
			return fault.Wrap(err, fault.CodeMalformedBody, "The body names a member twice.").
				WithField(string(at+syntax.JSONPointer), "is given twice")
		}
		return fault.Wrap(err, fault.CodeMalformedBody, "The body is not one JSON value.")
	}
	// The cause is dropped: it quotes the value, which may be a password, and causes are logged.
	faulty := string(at + semantic.JSONPointer)
	for _, known := range []error{errNull, errFraction, errTooLarge} {
		if errors.Is(err, known) {
			return fault.New(fault.CodeInvalidField, "The body has a member that is not valid.").
				WithField(faulty, "%v", known)
		}
	}
	if errors.Is(err, strictjson.ErrUnknownName) {
		return fault.New(fault.CodeUnknownField, "The body has a member that is not known here.").
			WithField(faulty, "is not known")
	}
	return fault.New(fault.CodeInvalidField, "The body has a member of the wrong type.").
		WithField(faulty, "must be of another type")
}

// missing returns the required members that are absent or empty in a JSON value of the type.
func missing(at jsontext.Pointer, into reflect.Type, value jsontext.Value) (fields []fault.Field) {
	switch into.Kind() { //nolint:exhaustive // other kinds have no members
	case reflect.Pointer:
		return missing(at, into.Elem(), value)
	case reflect.Slice:
		var elements []jsontext.Value
		if err := strictjson.Unmarshal(value, &elements); err != nil {
			return nil // a type with its own decoding may not be an array
		}
		for i, element := range elements {
			fields = append(fields, missing(at.AppendToken(strconv.Itoa(i)), into.Elem(), element)...)
		}
	case reflect.Struct:
		var members map[string]jsontext.Value
		if err := strictjson.Unmarshal(value, &members); err != nil {
			return nil // as above
		}
		for _, field := range reflect.VisibleFields(into) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			here := at.AppendToken(name)
			member, given := members[name]
			bad := fault.New(fault.CodeInvalidField, "A member of the body is missing or empty.")
			switch {
			case !given && field.Tag.Get("required") != "":
				fields = append(fields, bad.WithField(string(here), "is missing").Fields...)
			case given && field.Tag.Get("nonempty") != "" && string(member) == `""`:
				fields = append(fields, bad.WithField(string(here), "must not be empty").Fields...)
			case given:
				fields = append(fields, missing(here, field.Type, member)...)
			}
		}
	}
	return fields
}
