// Package browser has journeys through the whole system in Chromium, which `make browser` runs:
// pages of another origin with the Firebase JS SDK and the code of internal/httpapi/guides/web.md,
// and the pages that the API serves for people. Each is on a phone's screen, with touch.
//
// They are tests behind the build tag browser, so that `make test` needs no browser and does not
// compile the client of its protocol. A test opens a page, which is a tab with storage of its own,
// and goes on as a person does:
//
//	p := open(t, phone)
//	p.visit(running.URL + "/account-deletion")
//	p.write("#address", "ada@example.com")
//	p.tap("#send")
//	p.shows("#sent", "a mail with the link is on its way")
//	p.look("deletion-asked")
//
// Whatever the browser complains of in its console fails the test at its end, unless the test names
// it by page.expect: script errors, refused requests, violations of the content security policy.
// page.look holds the page to the widths of a phone and a desktop, with nothing cut off, and writes
// pictures of both, light and dark, where SHOTS names a folder. When a test fails, a picture and
// all that the console and the functions said are written there, or to a temporary folder.
//
// The browser has a camera that shows a test picture, and finds no host beside this machine.
package browser
