package push_test

import (
	"testing"

	"firebase.google.com/go/v4/messaging"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/push"
	"github.com/facescan/facescan/internal/local/emulator"
)

func TestClient_sendsToTheConfiguredEndpoint(t *testing.T) {
	t.Parallel()
	fcm, err := emulator.NewFCM()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := fcm.Close(); err != nil {
			t.Error(err)
		}
	})
	p := &boot.Process{Config: boot.Config{Project: "demo-push", FCMEndpoint: fcm.URL()}}
	client, err := push.Client(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := push.Client(t.Context(), p); again != client || err != nil {
		t.Errorf("another client for the same process: %v", err)
	}
	if err := client.Send(t.Context(), &messaging.Message{Token: "device-1"}); err != nil {
		t.Fatal(err)
	}
	sent := fcm.Messages()
	if len(sent) != 1 || sent[0].Project != "demo-push" || sent[0].Token != "device-1" {
		t.Errorf("sent = %+v", sent)
	}
}
