//go:build browser

package browser_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/facescan/facescan/internal/fault"
)

// words are what the pages of a deletion say in a language.
type words struct {
	languages, link, asked, confirm, begun, done string
}

var (
	english = words{
		link: "en", asked: "a mail with the link is on its way", confirm: "Delete your FaceScan account?",
		begun: "Your account is being deleted", done: "Your account was deleted",
	}
	german = words{
		languages: "de-DE,de", link: "de", asked: "ist eine Mail mit dem Link unterwegs",
		confirm: "Dein FaceScan-Konto löschen?", begun: "Dein Konto wird gelöscht", done: "Dein Konto wurde gelöscht",
	}
)

func TestDeletionPage(t *testing.T) {
	t.Run("by a link in a mail, in English", func(t *testing.T) { deleteByLink(t, english) })
	t.Run("by a link in a mail, in German, as the browser asks for", func(t *testing.T) { deleteByLink(t, german) })
	t.Run("with the password", func(t *testing.T) {
		m := enrolled(t, "with-password@example.com")
		p := open(t, phone)
		p.visit(running.URL + "/account-deletion")
		p.tap("summary")
		p.write("#email", m.Email)
		p.write("#password", "wrong horse")
		p.tap("#sure")
		p.expect("401 (Unauthorized)")
		p.tap("#delete")
		p.shows("#status", "E-mail address or password is wrong")
		p.look("deletion-wrong-password")
		p.write("#password", m.Password)
		p.tap("#delete")
		p.shows("#status", "Your account is being deleted.")
		p.look("deletion-with-password")
		p.tap("#link")
		p.untilErased(english)
	})
	t.Run("by a link that does not work", func(t *testing.T) {
		p := open(t, phone)
		p.visit(running.URL + "/v1/account-deletion/none")
		p.tap("#sure")
		p.tap("button.danger")
		p.shows("h1", "This link does not work any more")
		p.look("deletion-refused")
	})
}

func deleteByLink(t *testing.T, in words) {
	t.Helper()
	m := enrolled(t, "by-link-"+in.link+"@example.com")
	on := phone
	on.languages = in.languages
	p := open(t, on)
	p.visit(running.URL + "/account-deletion")
	p.look("deletion-" + in.link)
	p.write("#address", m.Email)
	p.tap("#send")
	p.shows("#sent", in.asked)
	p.look("deletion-asked-" + in.link)
	p.visit(p.mailed(m.Email, regexp.MustCompile(`http://\S+/v1/account-deletion/\S+`)))
	p.shows("h1", in.confirm)
	p.look("deletion-confirm-" + in.link)
	p.tap("#sure")
	p.tap("button.danger")
	p.shows("h1", in.begun)
	p.look("deletion-begun-" + in.link)
	p.tap(".link a")
	p.untilErased(in)
	p.look("deletion-receipt-" + in.link)
}

// mailed returns what the first mail to the address that has it has, once it is there.
func (p *page) mailed(address string, link *regexp.Regexp) (found string) {
	p.Helper()
	p.until("a mail to "+address, func() bool {
		for _, m := range running.Mail.Messages() {
			if slices.Contains(m.To, address) && found == "" {
				found = link.FindString(m.Text)
			}
		}
		return found != ""
	})
	return found
}

// untilErased looks at the page of the receipt again and again, until the erasure is done.
func (p *page) untilErased(in words) {
	p.Helper()
	p.shows("dl", "2") // the date, in the page of the receipt alone
	receipt := must[string](p, "location.href")
	p.until("the account is erased", func() bool {
		p.visit(receipt)
		return p.text("h1") == in.done
	})
}

func TestProblemPages(t *testing.T) {
	p := open(t, phone)
	for _, e := range fault.Entries() {
		p.visit(running.URL + "/problems/" + string(e.Code))
		p.shows("h1", string(e.Code))
		p.fits("problem " + string(e.Code))
	}
	p.look("problem")
}
