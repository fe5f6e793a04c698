package telemetry

import (
	"cmp"
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
)

// namespace is the service of which the functions are parts.
const namespace = "facescan"

// ProjectAttribute names the project that Google stores the spans in.
const ProjectAttribute = "gcp.project_id"

// functionKey is the key of the function's name.
type functionKey struct{}

// In returns a context whose spans and log records are the function's.
func In(ctx context.Context, function string) context.Context {
	return context.WithValue(With(ctx, slog.String("function", function)), functionKey{}, function)
}

// provider is a tracer provider whose spans are made by that of the function of their context. It
// is installed for the client libraries, which several functions may share.
type provider struct {
	embedded.TracerProvider
	tracing *Tracing
}

// Tracer implements trace.TracerProvider.
func (p provider) Tracer(name string, opts ...trace.TracerOption) trace.Tracer {
	return tracer{tracing: p.tracing, name: name, opts: opts}
}

type tracer struct {
	embedded.Tracer
	tracing *Tracing
	name    string
	opts    []trace.TracerOption
}

// Start implements trace.Tracer.
func (t tracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	function, _ := ctx.Value(functionKey{}).(string)
	return t.tracing.of(function).Tracer(t.name, t.opts...).Start(ctx, name, opts...)
}

// of returns the tracer provider of the function.
func (t *Tracing) of(function string) trace.TracerProvider {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.functions[function] == nil {
		t.functions[function] = sdktrace.NewTracerProvider(
			sdktrace.WithSampler(t.sampler), sdktrace.WithSpanProcessor(&t.outlet),
			sdktrace.WithResource(t.traces.resource(function)),
		)
	}
	return t.functions[function]
}

// resource describes the function by the semantic conventions. service.name is its name in the
// code, and faas.name that at Google, which begins with the deployment's prefix.
func (t Traces) resource(function string) *resource.Resource {
	name := cmp.Or(function, t.Service, namespace)
	all := []attribute.KeyValue{
		semconv.ServiceName(name), semconv.ServiceNamespace(namespace), semconv.FaaSName(cmp.Or(t.Service, name)),
		attribute.String(ProjectAttribute, t.Project),
	}
	if version := cmp.Or(t.Release, t.Revision); version != "" {
		all = append(all, semconv.ServiceVersion(version))
	}
	if t.Service != "" {
		all = append(all,
			semconv.CloudProviderGCP, semconv.CloudPlatformGCPCloudFunctions, semconv.CloudAccountID(t.Project),
			semconv.FaaSVersion(t.Revision),
		)
	}
	return resource.NewWithAttributes(semconv.SchemaURL, all...)
}
