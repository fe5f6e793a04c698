package notify

import "github.com/facescan/facescan/internal/account"

// Digest is several messages to a user as one.
type Digest []Message

// Rule returns how the digest is sent: like the most urgent of its messages, in the group of the
// last.
func (d Digest) Rule() Rule {
	r := d[len(d)-1].Rule
	for _, m := range d {
		r.High, r.Life = r.High || m.Rule.High, max(r.Life, m.Rule.Life)
	}
	return r
}

// Text returns the title and body of the digest for the user. They have no score.
func (d Digest) Text(u account.User) (Text, error) {
	f := facts{Count: len(d), Results: true}
	for _, m := range d {
		f.Results = f.Results && m.Rule.Group == groupResults
	}
	return write(LangOf(u.Locale), "digest", f)
}

// Letter returns the mail of the digest, which has the messages' texts. unsubscribe is as in
// [NewLetter].
func (d Digest) Letter(u account.User, unsubscribe string) (Letter, error) {
	whole, err := d.Text(u)
	if err != nil {
		return Letter{}, err
	}
	l := letter{Lang: whole.Lang, Title: whole.Title, Unsubscribe: unsubscribe, More: max(0, len(d)-mailed)}
	for _, m := range d[:len(d)-l.More] {
		t, err := m.Text(u)
		if err != nil {
			return Letter{}, err
		}
		l.Parts = append(l.Parts, t)
	}
	return newLetter(l)
}

// Kinds returns the kinds of the messages, each once.
func (d Digest) Kinds() []Kind {
	var kinds []Kind
	for _, r := range Rules {
		for _, m := range d {
			if m.Rule.Kind == r.Kind {
				kinds = append(kinds, r.Kind)
				break
			}
		}
	}
	return kinds
}
