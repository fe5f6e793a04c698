// Package deploy puts FaceScan into a Google Cloud project, and checks beforehand and afterwards.
// `deploy help` prints its usage; terraform/README.md is the operator's guide.
package deploy

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/deploy/cost"
	"github.com/facescan/facescan/internal/deploy/known"
	"github.com/facescan/facescan/internal/deploy/settings"
)

const usage = `usage: go run ./scripts/deploy COMMAND [options]

The operator's two commands, the first once a project:
  bootstrap  make the state's bucket, the accounts with their rights, the secrets and Firebase's apps
  apply      package, check, plan, ask, apply exactly that plan, and check again

The rest:
  plan       package and plan only; the plan is saved and told
  releases   list the deployments whose checks passed
  rollback   send each function's requests to the revision of an earlier deployment, in seconds
  rotate     exchange the secrets of a key, in steps with a deployment between them
  destroy    remove all that apply made, after the project's id was typed
  output     print what apply made: the URL, the address for the A record...
  doctor     check project, billing, rights, secrets, quotas, policies and domain, and mend nothing
  explain    print the errors that operators meet, with cause and remedy
  cost       print what 1,000 scans cost, with the arithmetic
  package    write the functions' zips and terraform/sources.auto.tfvars.json
  catalog    write what is made of internal/catalog and of Terraform's modules: terraform/modules/facescan/catalog.json,
             the root's main.tf, variables.tf and outputs.tf, parts of the READMEs, internal/local/host/functions.gen.go
  help       this

"deploy COMMAND -help" tells the command's options.
`

// errUsage means that the command line was off; why has been printed.
var errUsage = errors.New("usage")

// errRefused means that the operator did not confirm; nothing was done.
var errRefused = errors.New("not confirmed, nothing was changed")

// Main runs the command that args name and returns the exit code of the process: 0 on success, 2 if
// the command line is wrong, else 1.
func Main(args []string) int {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, stops...)
	defer signal.Stop(signals)
	ctx, cancel := interrupts{signals, os.Stderr, os.Exit}.until(context.Background())
	defer cancel(nil)
	err := run(ctx, args)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	default:
		fmt.Fprintln(os.Stderr, "deploy:", explain(err))
		return 1
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return errUsage
	}
	root, err := repository()
	if err != nil {
		return err
	}
	switch command := args[0]; command {
	case "help", "-h", "-help", "--help":
		fmt.Print(usage)
		return nil
	case "catalog", "cost", "explain", "package":
		o, err := parse(command, args[1:])
		if err != nil {
			return err
		}
		return runHere(ctx, root, command, o)
	case "bootstrap", "plan", "apply", "destroy", "output", "doctor", "releases", "rollback", "rotate":
		o, err := parse(command, args[1:])
		if err != nil {
			return err
		}
		if err := checkEnvironment(filepath.Join(root, "terraform"), o.env); err != nil {
			return err
		}
		return runOnCloud(ctx, root, command, o)
	default:
		fmt.Fprintf(os.Stderr, "deploy: there is no %q\n%s", command, usage)
		return errUsage
	}
}

// checkEnvironment prints the environments that there are if this is none of them.
func checkEnvironment(dir, env string) error {
	names := environments(dir)
	if slices.Contains(names, env) {
		return nil
	}
	fmt.Fprintf(os.Stderr, "deploy: there is no terraform/environments/%s.tfvars: did you mean -env %s? There are %s\n",
		env, settings.Nearest(env, names), strings.Join(names, ", "))
	return errUsage
}

// runHere runs the commands that need no cloud.
func runHere(ctx context.Context, root, command string, o options) error {
	switch command {
	case "catalog":
		return runCatalog(root)
	case "cost":
		return cost.Report(os.Stdout)
	case "explain":
		if o.markdown {
			fmt.Print(known.Markdown())
			return nil
		}
		known.Print(os.Stdout)
		return nil
	default:
		return packageInto(ctx, root, filepath.Join(root, "terraform"), os.Stderr)
	}
}

// repository returns the root of the module that the working directory is in.
func repository() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "terraform", "versions.tf")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("%s is not inside FaceScan's repository", start)
		}
	}
}

// options are the command line's.
type options struct {
	env      string
	project  string
	varFiles []string
	planFile string
	yes      bool
	dryRun   bool
	json     bool
	probe    string
	// deployers are IAM members who may act as the deployer's account, and repository is the one on
	// GitHub whose workflows may.
	deployers  []string
	repository string
	allowDirty bool
	verbose    bool
	// to is the commit to go back to, and latest undoes a rollback.
	to       string
	latest   bool
	markdown bool
	// key is the use whose secrets are exchanged, and step how.
	key, step string
}

// about is what each command's help says, and which options it takes.
var about = map[string]struct {
	text  string
	flags string
}{
	"bootstrap": {
		"Applies terraform/bootstrap and terraform/firebase, and writes the first version of each secret. It may be " +
			"repeated:\nwho may deploy stays as it is unless -deployer or -github-repository say otherwise.",
		"cloud yes dry-run deployer verbose",
	},
	"plan": {"Packages, plans, saves the plan and tells what it would do.", "cloud dry-run verbose"},
	"apply": {
		"Packages, checks, plans, tells, asks, applies exactly that plan, and checks what came of it. A first " +
			"deployment has two\nphases, ten minutes apart. What fails only because it is too early is tried again.",
		"cloud yes dry-run plan probe dirty verbose",
	},
	"destroy": {"Removes all that apply made, after asking for the project's id.", "cloud dry-run verbose"},
	"output":  {"Prints what apply made.", "cloud json"},
	"doctor": {
		"Runs every check and tells the command that mends each fault. Ends with 1 if there is one.", "cloud dry-run",
	},
	"explain":  {"Prints the errors that operators meet, with cause, remedy and source.", "markdown"},
	"releases": {"Lists the deployments whose checks passed, the newest first.", "cloud"},
	"rollback": {
		"Sends each function's requests to its revision of the last good deployment before the present one, without a " +
			"build.\nIt changes nothing else: topics, indexes, grants, alerts and everything else of Terraform's stay as " +
			"they are, and so do\ndocuments and secrets, so go back only across versions that read each other's data. It " +
			"reaches as far back as\nimages are kept: five of each function, and those of a week. " +
			"The next apply sends requests to its\nown revisions again.",
		"cloud yes rollback",
	},
	"rotate": {
		"Writes a version of a key's secret: \"add\" puts a new one behind the present one, so that all instances know it; " +
			"\"use\" has\nit make ids and seals; \"drop\" leaves it alone. Each prints what to set, and holds with the next " +
			"apply. Needs the right\nto read and write the project's secrets, which the deployer's account does not have.",
		"cloud rotate",
	},
	"cost": {"Prints what 1,000 scans and three months cost, with the arithmetic, and fails above the budget.", ""},
	"package": {
		"Writes the functions' zips below terraform/.build, and terraform/sources.auto.tfvars.json, which names them.", "",
	},
	"catalog": {
		"Writes terraform/modules/facescan/catalog.json, Terraform's root, internal/local/host/functions.gen.go, and the " +
			"parts\nof the READMEs that say so, from internal/catalog, internal/schema and Terraform's modules.",
		"",
	},
}

func parse(command string, args []string) (options, error) {
	var o options
	set := flag.NewFlagSet("deploy "+command, flag.ContinueOnError)
	set.SetOutput(os.Stderr)
	set.Usage = func() {
		fmt.Fprintf(os.Stderr, "usage: go run ./scripts/deploy %s [options]\n\n%s\n\n", command, about[command].text)
		set.PrintDefaults()
	}
	for _, group := range strings.Fields(about[command].flags) {
		declare(set, &o, group)
	}
	switch err := set.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return o, err
	case err != nil: // told already
		return o, errUsage
	case set.NArg() > 0:
		fmt.Fprintf(os.Stderr, "deploy %s takes no %q\n", command, set.Arg(0))
		return o, errUsage
	case set.Lookup("env") != nil && o.env == "":
		fmt.Fprintf(os.Stderr, "deploy %s needs -env NAME, such as -env dev\n", command)
		return o, errUsage
	case o.to != "" && o.latest:
		fmt.Fprintln(os.Stderr, "deploy rollback takes -to or -latest")
		return o, errUsage
	default:
		return o, nil
	}
}

func declare(set *flag.FlagSet, o *options, group string) {
	switch group {
	case "cloud":
		set.StringVar(&o.env, "env", "", "the environment's `name`: terraform/environments/NAME.tfvars is read")
		set.StringVar(
			&o.project, "project", "",
			"the Google Cloud project's `id`; by default the one that was used for the environment before",
		)
		set.Func("var-file", "a further `file` of variables; may be repeated, the later wins", func(file string) error {
			absolute, err := filepath.Abs(file)
			o.varFiles = append(o.varFiles, absolute)
			return err
		})
	case "yes":
		set.BoolVar(&o.yes, "yes", false, "do not ask, for CI")
	case "dry-run":
		set.BoolVar(&o.dryRun, "dry-run", false, "act on a fake of Google's APIs on this machine, without any account")
	case "deployer":
		set.Func("deployer",
			"an IAM `member`, such as user:ada@example.com, who may act as the deployer's account; may be repeated",
			func(member string) error {
				o.deployers = append(o.deployers, member)
				return nil
			})
		set.StringVar(&o.repository, "github-repository", "",
			"the `owner/name` of the repository on GitHub whose workflows may act as it, by workload identity federation")
	case "verbose":
		set.BoolVar(&o.verbose, "verbose", false, "tell every resource, not only groups of them")
	case "dirty":
		set.BoolVar(&o.allowDirty, "allow-dirty", false, "deploy although files differ from the commit")
	case "rollback":
		set.StringVar(&o.to, "to", "", "the `commit` of a deployment that `deploy releases` lists")
		set.BoolVar(&o.latest, "latest", false, "undo a rollback: send requests to the latest revisions")
	case "rotate":
		set.StringVar(&o.key, "key", "", "the key's `name`, such as photos")
		set.StringVar(&o.step, "step", "", "the `step`: add, use or drop")
	case "markdown":
		set.BoolVar(&o.markdown, "markdown", false, "print a table in Markdown")
	case "plan":
		set.StringVar(&o.planFile, "plan", "", "apply this `file`, which `deploy plan` saved, and make no new plan")
	case "probe":
		set.StringVar(
			&o.probe, "probe", "", "`e-mail` of an account for a probe scan; its password is read from FACESCAN_PROBE_PASSWORD",
		)
	case "json":
		set.BoolVar(&o.json, "json", false, "print JSON")
	}
}
