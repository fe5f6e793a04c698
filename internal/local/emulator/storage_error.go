package emulator

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
)

// xmlError is a refusal of the XML API: the status and the document that production answers with.
type xmlError struct {
	status           int
	XMLName          xml.Name `xml:"Error"`
	Code             string
	Message          string
	Parameter        string `xml:"ParameterName,omitempty"`
	Details          string `xml:",omitempty"`
	StringToSign     string `xml:",omitempty"`
	CanonicalRequest string `xml:",omitempty"`
}

// The refusals that need no details.
var (
	errNoSuchBucket = &xmlError{status: http.StatusNotFound, Code: "NoSuchBucket",
		Message: "The specified bucket does not exist."}
	errNoSuchKey = &xmlError{status: http.StatusNotFound, Code: "NoSuchKey",
		Message: "The specified key does not exist."}
	errMethod = &xmlError{status: http.StatusMethodNotAllowed, Code: "MethodNotAllowed",
		Message: "The specified method is not allowed against this resource."}
	errPrecondition = &xmlError{status: http.StatusPreconditionFailed, Code: "PreconditionFailed",
		Message: "At least one of the pre-conditions you specified did not hold."}
	errTooLarge = &xmlError{status: http.StatusBadRequest, Code: "EntityTooLarge",
		Message: "Your proposed upload is larger than the maximum object size specified in your Policy Document."}
	errTooSmall = &xmlError{status: http.StatusBadRequest, Code: "EntityTooSmall",
		Message: "Your proposed upload is smaller than the minimum object size specified in your Policy Document."}
)

func accessDenied(details string) *xmlError {
	return &xmlError{status: http.StatusForbidden, Code: "AccessDenied", Message: "Access denied.", Details: details}
}

func malformed(parameter, details string) *xmlError {
	return &xmlError{status: http.StatusBadRequest, Code: "MalformedSecurityHeader",
		Message: "Your request has a malformed header.", Parameter: parameter, Details: details}
}

func invalidArgument(details string) *xmlError {
	return &xmlError{status: http.StatusBadRequest, Code: "InvalidArgument", Message: "Invalid argument.",
		Details: details}
}

func writeXMLError(w http.ResponseWriter, e *xmlError) {
	body, err := xml.Marshal(e)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/xml; charset=UTF-8")
	w.WriteHeader(e.status)
	document := append([]byte("<?xml version='1.0' encoding='UTF-8'?>"), body...)
	_, _ = w.Write(document) //nolint:gosec // escaped by xml.Marshal
}

// writeJSONError answers as the JSON API does.
func writeJSONError(w http.ResponseWriter, status int, reason, message string) {
	writeJSON(w, status, map[string]any{"error": map[string]any{
		"code":    status,
		"message": message,
		"errors":  []map[string]string{{"domain": "global", "reason": reason, "message": message}},
	}})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(data)
}
