package boot

import (
	"encoding/base64"
	"math"
	"slices"
	"strings"
	"testing"
)

// secret returns a secret of n bytes, as an environment variable has it.
func secret(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }

func TestReadConfig(t *testing.T) {
	t.Parallel()
	local := changed(localEnviron(), "FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")
	byHand := productionEnviron("K_SERVICE", "")
	tests := map[string]struct {
		environ map[string]string
		want    []string // the variables whose faults are told, in order; none is no error
	}{
		"fit for production":    {productionEnviron(), nil},
		"fit for the emulators": {local, nil},
		"no project": {
			productionEnviron("GOOGLE_CLOUD_PROJECT", ""), []string{"GOOGLE_CLOUD_PROJECT"},
		},
		"a secret": {productionEnviron("FACESCAN_KEY_LOGS", secret(32)), nil},
		"three secrets": {
			productionEnviron("FACESCAN_KEY_LOGS", secret(32)+", "+secret(33)+","+secret(64)), nil,
		},
		"four secrets": {
			productionEnviron("FACESCAN_KEY_LOGS", strings.Repeat(","+secret(32), 4)[1:]), []string{"FACESCAN_KEY_LOGS"},
		},
		"a secret one byte short": {productionEnviron("FACESCAN_KEY_LOGS", secret(31)), []string{"FACESCAN_KEY_LOGS"}},
		"a secret that is no base64": {
			productionEnviron("FACESCAN_KEY_SCANS", strings.Repeat("k", 43)), []string{"FACESCAN_KEY_SCANS"},
		},
		"a short secret on the emulators": {
			changed(local, "FACESCAN_KEY_ERASED", secret(16)), []string{"FACESCAN_KEY_ERASED"},
		},
		"a trace ratio that is no number": {
			productionEnviron("FACESCAN_TRACE_RATIO", "often"), []string{"FACESCAN_TRACE_RATIO"},
		},
		"a trace ratio over 1": {
			productionEnviron("FACESCAN_TRACE_RATIO", "1.5"), []string{"FACESCAN_TRACE_RATIO"},
		},
		"a negative trace ratio": {
			productionEnviron("FACESCAN_TRACE_RATIO", "-0.1"), []string{"FACESCAN_TRACE_RATIO"},
		},
		"a trace ratio that is not a number": {
			productionEnviron("FACESCAN_TRACE_RATIO", "NaN"), []string{"FACESCAN_TRACE_RATIO"},
		},
		"traces to Google": {
			productionEnviron("OTEL_EXPORTER_OTLP_ENDPOINT", "https://telemetry.googleapis.com"), nil,
		},
		"traces by HTTP": {
			productionEnviron("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318",
				"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), nil,
		},
		"traces by a protocol that is not known": {
			productionEnviron("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"), []string{"OTEL_EXPORTER_OTLP_PROTOCOL"},
		},
		"traces to Google in the clear": {
			productionEnviron("OTEL_EXPORTER_OTLP_ENDPOINT", "http://telemetry.googleapis.com"),
			[]string{"OTEL_EXPORTER_OTLP_ENDPOINT"},
		},
		"traces to no URL, on the emulators": {
			changed(local, "OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317"), []string{"OTEL_EXPORTER_OTLP_ENDPOINT"},
		},
		"a minimum age that is no number": {
			productionEnviron("FACESCAN_MIN_AGE", "adult"), []string{"FACESCAN_MIN_AGE"},
		},
		"a minimum age of children": {productionEnviron("FACESCAN_MIN_AGE", "12"), []string{"FACESCAN_MIN_AGE"}},
		"links that are not encrypted": {
			productionEnviron("FACESCAN_PUBLIC_URL", "http://api.example"), []string{"FACESCAN_PUBLIC_URL"},
		},
		"a minimum age of none": {productionEnviron("FACESCAN_MIN_AGE", "100"), []string{"FACESCAN_MIN_AGE"}},
		"an App Check mode that is none": {
			productionEnviron("FACESCAN_APP_CHECK", "on"), []string{"FACESCAN_APP_CHECK"},
		},
		"an App Check mode of no route": {
			productionEnviron("FACESCAN_APP_CHECK", "off,/v1/me=enforce"), []string{"FACESCAN_APP_CHECK"},
		},
		"App Check modes": {productionEnviron("FACESCAN_APP_CHECK", "monitor,GET /v1/me=enforce"), nil},
		"a release, a database and a prefix": {
			productionEnviron(
				"FACESCAN_RELEASE", "1f0c9a7-dirty", "FACESCAN_DATABASE", "facescan-eu", "FACESCAN_TOPIC_PREFIX", "facescan-",
			), nil,
		},
		"the default database":      {productionEnviron("FACESCAN_DATABASE", "(default)"), nil},
		"a release with a space":    {productionEnviron("FACESCAN_RELEASE", "1 0"), []string{"FACESCAN_RELEASE"}},
		"a database of three":       {productionEnviron("FACESCAN_DATABASE", "abc"), []string{"FACESCAN_DATABASE"}},
		"a database with a capital": {productionEnviron("FACESCAN_DATABASE", "Main"), []string{"FACESCAN_DATABASE"}},
		"a prefix without its dash": {productionEnviron("FACESCAN_TOPIC_PREFIX", "fs"), []string{"FACESCAN_TOPIC_PREFIX"}},
		"a prefix that is a path": {
			productionEnviron("FACESCAN_TOPIC_PREFIX", "projects/p/topics/fs-"), []string{"FACESCAN_TOPIC_PREFIX"},
		},
		"Firestore's emulator in production": {
			productionEnviron("FIRESTORE_EMULATOR_HOST", "h:1"), []string{"FIRESTORE_EMULATOR_HOST"},
		},
		"Pub/Sub's emulator in production": {
			productionEnviron("PUBSUB_EMULATOR_HOST", "h:1"), []string{"PUBSUB_EMULATOR_HOST"},
		},
		"Storage's emulator in production": {
			productionEnviron("STORAGE_EMULATOR_HOST", "h:1"), []string{"STORAGE_EMULATOR_HOST"},
		},
		"Auth's emulator in production": {
			productionEnviron("FIREBASE_AUTH_EMULATOR_HOST", "h:1"), []string{"FIREBASE_AUTH_EMULATOR_HOST"},
		},
		"a signing key in production": {
			productionEnviron("FACESCAN_SIGNING_KEY", "pem"), []string{"FACESCAN_SIGNING_KEY"},
		},
		"another FCM in production": {
			productionEnviron("FACESCAN_FCM_ENDPOINT", "http://h"), []string{"FACESCAN_FCM_ENDPOINT"},
		},
		"by hand, the cloud": {byHand, nil},
		"by hand, the cloud and Auth's": {
			changed(byHand, "FIREBASE_AUTH_EMULATOR_HOST", "h:1"), []string{"FIREBASE_AUTH_EMULATOR_HOST"},
		},
		"by hand, the cloud and a signing key": {
			changed(byHand, "FACESCAN_SIGNING_KEY", "pem"), []string{"FACESCAN_SIGNING_KEY"},
		},
		"a pattern of web origins": {
			productionEnviron("FACESCAN_CORS_ORIGINS", "https://a.example,https://*.example"), []string{"FACESCAN_CORS_ORIGINS"},
		},
		"everything at once": {
			map[string]string{
				"K_SERVICE": "probe", "FACESCAN_TRACE_RATIO": "often", "FACESCAN_KEY_LOGS": "short",
				"FIRESTORE_EMULATOR_HOST": "h:1", "PUBSUB_EMULATOR_HOST": "h:1", "STORAGE_EMULATOR_HOST": "h:1",
				"FIREBASE_AUTH_EMULATOR_HOST": "h:1", "FACESCAN_SIGNING_KEY": "pem", "FACESCAN_FCM_ENDPOINT": "http://h",
				"FACESCAN_ERASURE_WAIT": "1s", "FACESCAN_SCAN_LEASE": "1s", "FACESCAN_LOOK_AFTER": "1s", "FACESCAN_CLOCK": "f",
				"FACESCAN_LOCAL_HOSTS": "h",
			},
			slices.Concat(
				[]string{"FACESCAN_TRACE_RATIO", "GOOGLE_CLOUD_PROJECT", "FACESCAN_KEY_LOGS"}, emulatorVariables, localVariables,
			),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ReadConfig(tt.environ)
			checkFaults(t, err, tt.want)
		})
	}
}

func TestEveryVariableOfTheLocalStack_isRefusedInProduction(t *testing.T) {
	t.Parallel()
	for _, name := range slices.Concat(emulatorVariables, localVariables) {
		_, err := ReadConfig(productionEnviron(name, "1s"))
		checkFaults(t, err, []string{name})
	}
}

// checkFaults compares the faults, one a line, with the variables that they are to name first.
func checkFaults(t *testing.T, err error, want []string) {
	t.Helper()
	var got []string
	if err != nil {
		got = strings.Split(err.Error(), "\n")
	}
	if len(got) != len(want) {
		t.Fatalf("faults = %q, want one for each of %q", got, want)
	}
	for i, name := range want {
		if !strings.HasPrefix(got[i], name+" ") {
			t.Errorf("fault %q does not name %s", got[i], name)
		}
	}
}

func TestReadConfig_readsValues(t *testing.T) {
	t.Parallel()
	t.Run("what is set", func(t *testing.T) {
		t.Parallel()
		c, err := ReadConfig(productionEnviron(
			"FACESCAN_CORS_ORIGINS", "https://a.example,https://b.example", "FACESCAN_TRACE_RATIO", "0.5", "FACESCAN_MIN_AGE",
			"16"))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(
			c.Origins, []string{"https://a.example", "https://b.example"},
		) || c.TraceRatio != 0.5 || c.MinAge != 16 {
			t.Errorf("origins %q, ratio %v, age %d", c.Origins, c.TraceRatio, c.MinAge)
		}
		if c.Service != "probe" || c.PushAudience != testAudience || c.PushAccount != testAccount {
			t.Errorf("config = %+v", c)
		}
	})
	// Terraform passes "" for what a deployment leaves out.
	for name, environ := range map[string]map[string]string{
		"the ratio's default where it is not set": productionEnviron(),
		"the ratio's default where it is empty": {
			"FACESCAN_TRACE_RATIO": "", "GOOGLE_CLOUD_PROJECT": "p",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := ReadConfig(environ)
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(c.TraceRatio-0.1) > 1e-9 || c.MinAge != 18 {
				t.Errorf("ratio = %v, age = %d", c.TraceRatio, c.MinAge)
			}
		})
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		service, emulator string
		want              bool
	}{
		"on the emulators":                     {"", "127.0.0.1:1", true},
		"deployed":                             {"probe", "", false},
		"deployed with an emulator's variable": {"probe", "127.0.0.1:1", false},
		"started by hand against the cloud":    {"", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := Config{Service: tt.service, environ: map[string]string{"FIRESTORE_EMULATOR_HOST": tt.emulator}}
			if got := c.Local(); got != tt.want {
				t.Errorf("Local() = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestNeedPush(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		config Config
		want   []string
	}{
		"deployed, both set":  {Config{Service: "s", PushAudience: "a", PushAccount: "b"}, nil},
		"deployed, neither":   {Config{Service: "s"}, []string{"FACESCAN_PUSH_AUDIENCE", "FACESCAN_PUSH_ACCOUNT"}},
		"deployed, one":       {Config{Service: "s", PushAudience: "a"}, []string{"FACESCAN_PUSH_ACCOUNT"}},
		"by hand, neither":    {Config{}, []string{"FACESCAN_PUSH_AUDIENCE", "FACESCAN_PUSH_ACCOUNT"}},
		"local needs neither": {Config{environ: map[string]string{"FIRESTORE_EMULATOR_HOST": "h"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkFaults(t, tt.config.NeedPush(), tt.want)
		})
	}
}
