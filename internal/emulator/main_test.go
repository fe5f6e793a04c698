package emulator_test

import (
	"os"
	"testing"

	"github.com/facescan/facescan/internal/emulator"
	"github.com/facescan/facescan/internal/emulator/emulatortest"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.PubSub)) }
