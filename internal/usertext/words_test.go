package usertext_test

import (
	"testing"

	"github.com/facescan/facescan/internal/usertext"
)

func TestList(t *testing.T) {
	t.Parallel()
	list := usertext.NewList("knave", "rapscallion", "жулик", "悪党", "öx")
	for text, want := range map[string]bool{
		"knave": true, "KNAVE": true, "a knave": true, "the.knave": true, "knave99": true, "7knave": true, "k.n.a.v.e": true,
		"kn\u0430ve": true, "knãve": true, "ＫＮＡＶＥ": true, "knavery": false, "unknave": false, "knav e": true, "k-nave": true,
		"rapscallion": true, "rapscallions": true, "xxrapscallionxx": true, "rap.scallion": true, "rapscalllon": true,
		"жулик": true, "Жулик!": true, "жулики": false, "悪党": true, "大悪党": false, "öx": false, "": false, "Ada": false,
	} {
		if got := list.Find(text); (len(got) > 0) != want {
			t.Errorf("Find(%q) = %q, want any: %t", text, got, want)
		}
	}
}

// Places and people whose names have insults within them keep their names.
func TestInsults(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"Scunthorpe", "Penistone", "Clitheroe", "Lightwater", "Essex", "Middlesex", "Cockburn", "Hitchcock", "Dick",
		"Dickinson",
		"Cummings", "Hooker", "Shitake", "Matsushita", "Nigel", "Nigeria", "Montenegro", "Assam", "Cassandra", "Bassett",
		"Buttigieg", "Titus", "Arsenal", "Semenov", "Analisa", "Gaylord", "Anita", "Tina", "Zac", "Mona", "Raja", "Fanny",
		"Wang", "Phuc", "Dong", "Kuntz", "Fuchs", "Schmuck", "Trimming", "class.of.99", "assistant", "cocktail", "Ольга",
		"王芳", "ニコ", "김민준", "देवी", "สมชาย", "محمد", "Şık", "Ada Lovelace 👩🏽‍💻", "grape", "Sussex_girl",
	} {
		if usertext.Insults(name) {
			t.Errorf("%q is refused", name)
		}
	}
	rude := []string{
		"fuck", "FUCK_you", "f.u.c.k", "fück", "fuсk", "motherfucker1", "xXmotherfuckerXx", "arschloch", "hurensohn",
		"connard", "stronzo", "kurwa",
	}
	for _, name := range rude {
		if !usertext.Insults(name) {
			t.Errorf("%q is allowed", name)
		}
	}
}
