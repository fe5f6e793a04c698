package main

import (
	"bytes"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/local/emulator/machine"
	"github.com/facescan/facescan/internal/local/emulator/machine/machinetest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/testphoto"
	"github.com/facescan/facescan/scripts/local/preflight"
)

// asProgram makes the test binary the program itself, so that signals and exit statuses are real.
const asProgram = "LOCAL_TEST_AS_PROGRAM"

// deadline bounds every wait of a test: for the whole system on a busy machine.
const deadline = 20 * time.Minute

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// program is a run of the program, in a process group of its own.
type program struct {
	t   *testing.T
	cmd *exec.Cmd
	out *os.File // stdout and stderr
}

// begin runs a command in a session of its own, with the variables set.
func begin(t *testing.T, env map[string]string, name string, args ...string) *program {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "output"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Stdout, cmd.Stderr, cmd.Env = out, out, os.Environ()
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &program{t, cmd, out}
}

func local(t *testing.T, env map[string]string, args ...string) *program {
	t.Helper()
	env[asProgram] = "1"
	return begin(t, env, os.Args[0], args...)
}

// output returns what was printed so far.
func (p *program) output() string {
	p.t.Helper()
	data, err := os.ReadFile(p.out.Name())
	if err != nil {
		p.t.Fatal(err)
	}
	return string(data)
}

// await waits until a text was printed.
func (p *program) await(text string) {
	p.t.Helper()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	limit := time.After(deadline)
	for !strings.Contains(p.output(), text) {
		select {
		case <-poll.C:
		case <-limit:
			p.t.Fatalf("no %q in: %s", text, p.output())
		}
	}
}

// signal sends a signal to the program alone, or to its group, as a terminal does.
func (p *program) signal(s syscall.Signal, group bool) {
	p.t.Helper()
	pid := p.cmd.Process.Pid
	if group {
		pid = -pid
	}
	if err := syscall.Kill(pid, s); err != nil {
		p.t.Fatal(err)
	}
}

// status waits for the program's end and returns its exit status, and what it printed.
func (p *program) status() (int, string) {
	p.t.Helper()
	_ = p.cmd.Wait() // the status says it
	return p.cmd.ProcessState.ExitCode(), p.output()
}

// noneLeft checks that all processes of the program's session end; the last may take an instant
// longer than the program.
func (p *program) noneLeft() {
	p.t.Helper()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	limit := time.After(deadline)
	for left := p.session(); left != ""; left = p.session() {
		select {
		case <-poll.C:
		case <-limit:
			p.t.Fatalf("processes are left:\n%s", left)
		}
	}
}

// session returns the processes of the program's session that have not ended.
func (p *program) session() string {
	p.t.Helper()
	out, err := exec.Command("ps", "-eo", "sess=,stat=,args=").Output()
	if err != nil {
		p.t.Fatal(err)
	}
	var left strings.Builder
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) > 1 && fields[0] == strconv.Itoa(p.cmd.Process.Pid) && !strings.HasPrefix(fields[1], "Z") {
			left.WriteString(line)
		}
	}
	return left.String()
}

// running are the variables of emulators that answer, so that none is started.
func running(t *testing.T) map[string]string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	env := map[string]string{}
	for _, s := range machine.Services() {
		env[s.Env()] = strings.TrimPrefix(server.URL, "http://")
	}
	return env
}

func TestTestCommandsStatus_isPassedOn(t *testing.T) {
	for command, want := range map[string]int{"exit 0": 0, "exit 1": 1, "exit 7": 7} {
		status, out := local(t, running(t), "test", "--", "sh", "-c", "echo it runs; "+command).status()
		if status != want || !strings.Contains(out, "it runs\n") || strings.Contains(out, "local:") {
			t.Errorf("%s: exit status %d: %s", command, status, out)
		}
	}
	status, out := local(t, running(t), "test", "--", "sh", "-c", "kill -KILL $$").status()
	if status != 1 || !strings.Contains(out, "local: run sh: signal: killed\n") {
		t.Errorf("a command that was killed: exit status %d: %s", status, out)
	}
}

func TestSlowestPackages_areNamed(t *testing.T) {
	const text = `printf 'PASS\nok  \ta/quick\t0.140s\nFAIL\ta/slow\t31.25s\nFAIL\ta/broken [build failed]\n` +
		`?   \ta/none\t[no test files]\nok  \ta/known\t(cached)\n` +
		`ok  \ta/most\t2.5s\tcoverage: 1.0%%%% of statements\n'; exit 1`
	for name, test := range map[string]struct{ command, want string }{
		"text": {text, "the slowest packages:\n   31.2 s  a/slow\n    2.5 s  a/most\n    0.1 s  a/quick\n"},
		"-json": {
			`cat <<'E'
{"Action":"output","Package":"a/b","Output":"ok  \ta/b\t9.0s\n"}
{"Action":"pass","Package":"a/b","Test":"TestX","Elapsed":7}
{"Action":"pass","Package":"a/b","Elapsed":9.04}
{"Action":"fail","Package":"a/c","Elapsed":11}
{"Action":"skip","Package":"a/d","Elapsed":3}
E
exit 1`,
			"the slowest packages:\n   11.0 s  a/c\n    9.0 s  a/b\n",
		},
		"one package": {`printf 'ok  \ta/b\t1.0s\n'; exit 1`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			status, out := local(t, running(t), "test", "--", "sh", "-c", test.command).status()
			_, got, _ := strings.Cut(out, "the slowest packages:")
			if test.want != "" {
				got = "the slowest packages:" + got
			}
			if status != 1 || got != test.want {
				t.Errorf("exit status %d, got %q of:\n%s", status, got, out)
			}
		})
	}
}

func TestWhatFailed_isRepeatedAtTheEnd(t *testing.T) {
	const text = `cat <<'E'
--- FAIL: TestX (1.00s)
    --- FAIL: TestX/in_words (0.00s)
        x_test.go:31: 503, want 200
        log_test.go:9: {"severity":"INFO"}
E
seq 5 | sed 's/^/a log /'; printf 'FAIL\ta/b\t1.0s\n'; exit `
	status, out := local(t, running(t), "test", "--", "sh", "-c", text+"1").status()
	_, got, _ := strings.Cut(out, "a log 5\nFAIL\ta/b\t1.0s\n")
	want := "what failed:\n--- FAIL: TestX (1.00s)\n    --- FAIL: TestX/in_words (0.00s)\n" +
		"        x_test.go:31: 503, want 200\nFAIL\ta/b\t1.0s\n"
	if status != 1 || got != want {
		t.Errorf("exit status %d, got %q of:\n%s", status, got, out)
	}
	if _, out := local(t, running(t), "test", "--", "sh", "-c", text+"0").status(); strings.Contains(out, "what failed") {
		t.Errorf("a run that passes says what failed:\n%s", out)
	}
}

// What a command leaves behind may hold its output open, and a reader may be slow.
func TestTee_endsWithoutWhatIsLeft(t *testing.T) {
	all := bytes.Repeat([]byte("line\n"), 10_000)
	reader, to := io.Pipe()
	var and bytes.Buffer
	file, end, err := tee(to, &and)
	if err != nil {
		t.Fatal(err)
	}
	left, err := syscall.Dup(int(file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(left)
	go func() {
		_, _ = file.Write(all)
		end()
		_ = to.Close()
	}()
	got, err := io.ReadAll(reader)
	if err != nil || !bytes.Equal(got, all) || !bytes.Equal(and.Bytes(), all) {
		t.Errorf("read %d bytes and %d of %d: %v", len(got), and.Len(), len(all), err)
	}
}

// What a program fails by that is run on the way to the command is printed, and its status is not
// taken for that of the command.
func TestOtherErrors_arePrinted(t *testing.T) {
	fails := t.TempDir()
	for _, tool := range []string{"java", "node", "npm", "gcloud"} {
		machinetest.WriteScript(t, filepath.Join(fails, tool), "echo no such library >&2; exit 7")
	}
	env := map[string]string{"PATH": fails, "JAVA_HOME": "", "XDG_CACHE_HOME": t.TempDir(), "HOME": t.TempDir()}
	for _, s := range machine.Services() {
		env[s.Env()] = ""
	}
	status, out := local(t, env, "run", "-port", "0").status()
	if status != 1 || !strings.Contains(out, "java -version fails: exit status 7: no such library") {
		t.Errorf("Java that fails: exit status %d: %s", status, out)
	}
	env = running(t)
	env["PATH"] = fails
	status, out = local(t, env, "run", "-port", "0").status()
	if status != 1 || !strings.Contains(out, "local: find the sample photo: ") {
		t.Errorf("no go command: exit status %d: %s", status, out)
	}
	for line, want := range map[string]int{"run -port abc": 2, "demo /nowhere.jpg": 1, "": 2, "help": 0} {
		status, out := local(t, running(t), strings.Fields(line)...).status()
		if status != want || (want != 0) != strings.HasPrefix(out, "local: ") ||
			(want != 0) != (strings.Count(out, "\n") == 1) {
			t.Errorf("%s: exit status %d: %s", line, status, out)
		}
	}
}

func TestSignalsStopATestCommand(t *testing.T) {
	// Under nohup, SIGHUP is ignored by this process and by those that it starts, unless it has a
	// handler here.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	for name, test := range map[string]struct {
		signal syscall.Signal
		group  bool
	}{
		"Ctrl-C":                  {syscall.SIGINT, true},
		"SIGINT to it alone":      {syscall.SIGINT, false},
		"SIGTERM to it alone":     {syscall.SIGTERM, false},
		"a terminal that is gone": {syscall.SIGHUP, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := local(t, running(t), "test", "--", "sh", "-c", "sleep 600 & echo child $!; wait")
			p.await("child ")
			p.signal(test.signal, test.group)
			status, out := p.status()
			if status != 0 || !strings.HasSuffix(out, "stopped\n") || strings.Contains(out, "local:") {
				t.Errorf("exit status %d: %s", status, out)
			}
			p.noneLeft()
		})
	}
}

// The photo is looked at by the engine before anything is started.
func TestPhotoWithoutAFace(t *testing.T) {
	var wall bytes.Buffer
	if err := jpeg.Encode(&wall, image.NewGray(image.Rect(0, 0, 800, 800)), nil); err != nil {
		t.Fatal(err)
	}
	sample, err := testphoto.Sample(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		photo []byte
		want  string
	}{
		"a black wall":  {wall.Bytes(), "cannot be measured: too_dark: "},
		"half a header": {sample[:100], "cannot be measured: "},
		"a face":        {sample, ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "photo.jpg")
			if err := os.WriteFile(file, test.photo, 0o600); err != nil {
				t.Fatal(err)
			}
			_, _, err := photos(t.Context(), file)
			if (err == nil) != (test.want == "") || err != nil && (!strings.Contains(err.Error(), test.want) ||
				strings.Contains(err.Error(), "\n")) {
				t.Errorf("got %v, want one line with %q", err, test.want)
			}
		})
	}
}

func TestLargestPhoto(t *testing.T) {
	if preflight.MaxPhoto != scan.MaxBytes {
		t.Errorf("preflight takes %d bytes, package scan %d", preflight.MaxPhoto, scan.MaxBytes)
	}
}
