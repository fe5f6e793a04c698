package sentence

// rows are the sentences of errors by their English. Those of events, which only Pub/Sub reads, are
// not here.
var rows = map[string]Row{
	// Of whole errors.
	"%s is not allowed here.": {
		"", "%s ist hier nicht erlaubt.",
	},
	"A header is not valid.": {
		"", "Ein Header ist nicht gültig.",
	},
	"A member of the body is not a time.": {
		"", "Ein Wert im Body ist keine Zeit.",
	},
	"A query parameter is not a time.": {
		"", "Ein Parameter ist keine Zeit.",
	},
	"A member of the body is missing or empty.": {
		"", "Im Body fehlt eine Angabe, oder sie ist leer.",
	},
	"A query parameter is out of range.": {
		"", "Ein Parameter hat keinen erlaubten Wert.",
	},
	"A series has %d to %d photos.": {
		"", "Eine Serie hat %d bis %d Fotos.",
	},
	"A store does not answer.": {
		"", "Ein Speicher antwortet nicht.",
	},
	"Declare the birth year first: PATCH /v1/me.": {
		"", "Gib zuerst das Geburtsjahr an: PATCH /v1/me.",
	},
	"No processor was free in time.": {
		"", "Es war nicht rechtzeitig Rechenzeit frei.",
	},
	"Notices about the account's safety cannot be turned off.": {
		"", "Hinweise zur Sicherheit des Kontos lassen sich nicht abschalten.",
	},
	"One of you has %d friends already.": {
		"", "Einer von euch hat schon %d Freunde.",
	},
	"Only the read items can be deleted together.": {
		"", "Nur gelesene Einträge lassen sich zusammen löschen.",
	},
	"Only users over %d years old can be measured.": {
		"", "Gemessen werden nur Personen über %d Jahren.",
	},
	"Register first: POST /v1/auth/register.": {
		"", "Registriere dich zuerst: POST /v1/auth/register.",
	},
	"Send an App Check token as %q.": {
		"", "Sende ein App-Check-Token als %q.",
	},
	"Send the body as %s.": {
		"", "Sende den Body als %s.",
	},
	"Send the body as it is, without a content coding.": {
		"", "Sende den Body unverändert, ohne Content-Encoding.",
	},
	"Signing in is not possible at the moment: try again.": {
		"", "Die Anmeldung ist gerade nicht möglich: Versuch es noch einmal.",
	},
	"Some members of the profile are not valid.": {
		"", "Einige Angaben im Profil sind nicht gültig.",
	},
	"Some members of the renditions are not valid.": {
		"", "Einige Angaben zu den Bildfassungen sind nicht gültig.",
	},
	"Some parameters of the query are not valid.": {
		"", "Einige Parameter sind nicht gültig.",
	},
	"The App Check token is not valid here: get a fresh one.": {
		"", "Das App-Check-Token gilt hier nicht: Hol ein neues.",
	},
	"The Content-Type of a part is malformed.": {
		"", "Der Content-Type eines Teils ist fehlerhaft.",
	},
	"The ID token cannot be checked at the moment: try again.": {
		"", "Das ID-Token kann gerade nicht geprüft werden: Versuch es noch einmal.",
	},
	"The ID token has expired: refresh it.": {
		"", "Das ID-Token ist abgelaufen: Erneuere es.",
	},
	"The ID token is not valid here.": {
		"", "Das ID-Token gilt hier nicht.",
	},
	"The ID token is not valid here: its user was deleted.": {
		"", "Das ID-Token gilt hier nicht: Sein Nutzer wurde gelöscht.",
	},
	"The ID token was revoked: sign in again.": {
		"", "Das ID-Token wurde widerrufen: Melde dich neu an.",
	},
	"The account could not be looked up: try again.": {
		"", "Das Konto kann gerade nicht gefunden werden: Versuch es noch einmal.",
	},
	"The account has changed: read it again.": {
		"", "Das Konto hat sich geändert: Lies es noch einmal.",
	},
	"The audit cannot be written: try again.": {
		"", "Das Protokoll lässt sich nicht schreiben: Versuch es noch einmal.",
	},
	"The birth year is declared once. Support can correct it.": {
		"", "Das Geburtsjahr wird einmal angegeben. Der Support kann es berichtigen.",
	},
	"The body could not be read completely.": {
		"", "Der Body konnte nicht ganz gelesen werden.",
	},
	"The body has a member of the wrong type.": {
		"", "Eine Angabe im Body hat den falschen Typ.",
	},
	"The body has a member that is not known here.": {
		"", "Der Body hat eine Angabe, die hier nicht bekannt ist.",
	},
	"The body has a member that is not valid.": {
		"", "Eine Angabe im Body ist nicht gültig.",
	},
	"The body is not a form.": {
		"", "Der Body ist kein Formular.",
	},
	"The body is not one JSON value.": {
		"", "Der Body ist nicht genau ein JSON-Wert.",
	},
	"The body is over %d bytes.": {
		"", "Der Body ist größer als %d Byte.",
	},
	"The body names a member twice.": {
		"", "Der Body nennt eine Angabe zweimal.",
	},
	"The consent is not valid.": {
		"", "Die Einwilligung ist nicht gültig.",
	},
	"The consent that the scan was made under is not in force.": {
		"", "Die Einwilligung, unter der der Scan entstand, gilt nicht mehr.",
	},
	"The consent was withdrawn during the upload.": {
		"", "Die Einwilligung wurde während des Hochladens widerrufen.",
	},
	"The cursor is not one of this leaderboard.": {
		"", "Der Cursor gehört nicht zu dieser Rangliste.",
	},
	"The cursor is not one of this list.": {
		"", "Der Cursor gehört nicht zu dieser Liste.",
	},
	"The decision is not valid.": {
		"", "Die Entscheidung ist nicht gültig.",
	},
	"The device is not fully registered: try again.": {
		"", "Das Gerät ist noch nicht ganz angemeldet: Versuch es noch einmal.",
	},
	"The device is not valid.": {
		"", "Die Angaben zum Gerät sind nicht gültig.",
	},
	"The device's id is not valid.": {
		"", "Die Kennung des Geräts ist nicht gültig.",
	},
	"The e-mail address is not valid.": {
		"", "Die E-Mail-Adresse ist nicht gültig.",
	},
	"The end of the period is not after its start.": {
		"", "Das Ende des Zeitraums liegt nicht nach seinem Anfang.",
	},
	"The export cannot be signed at the moment: try again.": {
		"", "Der Export lässt sich gerade nicht signieren: Versuch es noch einmal.",
	},
	"The form goes on after the file: put it last.": {
		"", "Das Formular geht nach der Datei weiter: Setz sie ans Ende.",
	},
	"The form has a part that is not known here.": {
		"", "Das Formular hat einen Teil, der hier nicht bekannt ist.",
	},
	"The form has no file.": {
		"", "Das Formular hat keine Datei.",
	},
	"The form is not that of the page.": {
		"", "Das Formular ist nicht das der Seite.",
	},
	"The form is not that of unsubscribing.": {
		"", "Das ist nicht das Formular zum Abbestellen.",
	},
	"The form names a part twice.": {
		"", "Das Formular nennt einen Teil zweimal.",
	},
	"The images cannot be signed at the moment: try again.": {
		"", "Die Bilder lassen sich gerade nicht signieren: Versuch es noch einmal.",
	},
	"The locale is not valid.": {
		"", "Die Locale ist nicht gültig.",
	},
	"The page has no such file.": {
		"", "Diese Datei hat die Seite nicht.",
	},
	"The password is not valid.": {
		"", "Das Passwort ist nicht gültig.",
	},
	"The password is too weak.": {
		"", "Das Passwort ist zu schwach.",
	},
	"The photo cannot be stored at the moment: try again.": {
		"", "Das Foto lässt sich gerade nicht speichern: Versuch es noch einmal.",
	},
	"The photo does not have the type of its part.": {
		"", "Das Foto hat nicht den Typ seines Teils.",
	},
	"The photo does not have this checksum.": {
		"", "Das Foto hat nicht diese Prüfsumme.",
	},
	"The photo is over %d bytes.": {
		"", "Das Foto ist größer als %d Byte.",
	},
	"The query is malformed.": {
		"", "Die Query ist fehlerhaft.",
	},
	"The quiet hours are not valid.": {
		"", "Die Ruhezeiten sind nicht gültig.",
	},
	"The report is not valid.": {
		"", "Die Meldung ist nicht gültig.",
	},
	"The scan is not completed yet.": {
		"", "Der Scan ist noch nicht fertig.",
	},
	"The scan of this key is being deleted: try again.": {
		"", "Der Scan zu diesem Schlüssel wird gerade gelöscht: Versuch es noch einmal.",
	},
	"The scan of this key is being opened: try again.": {
		"", "Der Scan zu diesem Schlüssel wird gerade angelegt: Versuch es noch einmal.",
	},
	"The scan was deleted during the upload.": {
		"", "Der Scan wurde während des Hochladens gelöscht.",
	},
	"The scan was measured by the engine in use.": {
		"", "Der Scan wurde mit der jetzigen Version gemessen.",
	},
	"The service is not configured.": {
		"", "Der Dienst ist nicht eingerichtet.",
	},
	"The service is not ready: try again.": {
		"", "Der Dienst ist noch nicht bereit: Versuch es noch einmal.",
	},
	"The text in force is version %q: show it and ask again.": {
		"", "Es gilt der Text der Version %q: Zeig ihn und frag noch einmal.",
	},
	"The token is not valid here.": {
		"", "Das Token gilt hier nicht.",
	},
	"The token was revoked: sign in again.": {
		"", "Das Token wurde widerrufen: Melde dich neu an.",
	},
	"The upload cannot be signed at the moment: try again.": {
		"", "Der Upload lässt sich gerade nicht signieren: Versuch es noch einmal.",
	},
	"The username is not valid.": {
		"", "Der Benutzername ist nicht gültig.",
	},
	"The username was changed recently.": {
		"", "Der Benutzername wurde erst vor Kurzem geändert.",
	},
	"There is an account with this e-mail address: log in.": {
		"", "Zu dieser E-Mail-Adresse gibt es schon ein Konto: Melde dich an.",
	},
	"There is no export: request one.": {
		"", "Es gibt keinen Export: Fordere einen an.",
	},
	"There is no friend code: make one.": {
		"", "Es gibt keinen Freundescode: Leg einen an.",
	},
	"There is no such code.": {
		"", "Diesen Code gibt es nicht.",
	},
	"There is no such friend.": {
		"", "Diesen Freund gibt es nicht.",
	},
	"There is no such item in the inbox.": {
		"", "Diesen Eintrag gibt es im Posteingang nicht.",
	},
	"There is no such leaderboard.": {
		"", "Diese Rangliste gibt es nicht.",
	},
	"There is no such export any more.": {
		"", "Diesen Export gibt es nicht mehr.",
	},
	"There is no such receipt, or it has expired.": {
		"", "Diesen Beleg gibt es nicht, oder er ist abgelaufen.",
	},
	"There is no such report.": {
		"", "Diese Meldung gibt es nicht.",
	},
	"There is no such scan any more.": {
		"", "Diesen Scan gibt es nicht mehr.",
	},
	"There is no such scan.": {
		"", "Diesen Scan gibt es nicht.",
	},
	"There is no such series any more.": {
		"", "Diese Serie gibt es nicht mehr.",
	},
	"There is no such series.": {
		"", "Diese Serie gibt es nicht.",
	},
	"There is no such user among those blocked.": {
		"", "Diese Person ist nicht blockiert.",
	},
	"There is no such user.": {
		"", "Diese Person gibt es nicht.",
	},
	"There is nothing at this path.": {
		"", "Unter diesem Pfad gibt es nichts.",
	},
	"This Idempotency-Key was used with another body.": {
		"", "Dieser Idempotency-Key wurde schon mit einem anderen Body benutzt.",
	},
	"This account has a second factor: sign in with the app.": {
		"", "Dieses Konto hat einen zweiten Faktor: Melde dich mit der App an.",
	},
	"Sign in once more: this needs a sign-in of the last 15 minutes.": {
		"", "Melde dich noch einmal an: Das braucht eine Anmeldung der letzten 15 Minuten.",
	},
	"The change is not valid.": {
		"", "Die Änderung ist nicht gültig.",
	},
	"The account is %s, from where this does not lead.": {
		"", "Das Konto ist %s; von da führt das nicht weiter.",
	},
	"This account is banned.": {
		"", "Dieses Konto ist gesperrt.",
	},
	"This account is under review: nothing new is measured until its end.": {
		"", "Dieses Konto wird geprüft: Bis zum Ende der Prüfung wird nichts Neues gemessen.",
	},
	"This account is being erased.": {
		"", "Dieses Konto wird gerade gelöscht.",
	},
	"This cannot be counted at the moment: try again.": {
		"", "Das lässt sich gerade nicht zählen: Versuch es noch einmal.",
	},
	"This code is your own.": {
		"", "Dieser Code ist dein eigener.",
	},
	"This instance is stopping: try again.": {
		"", "Diese Instanz wird beendet: Versuch es noch einmal.",
	},
	"This is for staff.": {
		"", "Das ist nur für Mitarbeitende.",
	},
	"This is no SHA-256 checksum.": {
		"", "Das ist keine SHA-256-Prüfsumme.",
	},
	"This is not a friend code.": {
		"", "Das ist kein Freundescode.",
	},
	"This leaderboard was kept until %s.": {
		"", "Diese Rangliste gab es bis %s.",
	},
	"This sign-in was ended: sign in again.": {
		"", "Diese Anmeldung wurde beendet: Melde dich neu an.",
	},
	"This takes no body.": {
		"", "Hier wird kein Body erwartet.",
	},
	"This user has no e-mail address.": {
		"", "Diese Person hat keine E-Mail-Adresse.",
	},
	"This user is disabled.": {
		"", "Diese Person ist gesperrt.",
	},
	"This username is not available.": {
		"", "Dieser Benutzername ist nicht verfügbar.",
	},
	"Too many attempts: wait before the next.": {
		"", "Zu viele Versuche: Warte vor dem nächsten.",
	},
	"Too many clients are waiting: poll again.": {
		"", "Es warten zu viele: Frag noch einmal.",
	},
	"Too many of these at once: try again.": {
		"", "Zu viele davon auf einmal: Versuch es noch einmal.",
	},
	"Too many of these: wait before the next.": {
		"", "Zu viele davon: Warte vor dem nächsten.",
	},
	"Too many photos are arriving: try again.": {
		"", "Es kommen zu viele Fotos an: Versuch es noch einmal.",
	},
	"E-mail address or password is wrong, or the user may not sign in.": {
		"", "E-Mail-Adresse oder Passwort ist falsch, oder die Anmeldung ist gesperrt.",
	},
	"Nobody has this code now: ask your friend for theirs.": {
		"", "Diesen Code hat gerade niemand: Frag nach dem richtigen.",
	},
	"Photos are taken as JPEG, PNG or WebP.": {
		"", "Fotos werden als JPEG, PNG oder WebP angenommen.",
	},
	"Photos are taken as JPEG, PNG or WebP, not as %s.": {
		"", "Fotos werden als JPEG, PNG oder WebP angenommen, nicht als %s.",
	},
	"Photos are taken as JPEG, PNG or WebP, not as %s. Convert it on the device.": {
		"", "Fotos werden als JPEG, PNG oder WebP angenommen, nicht als %s. Wandle es auf dem Gerät um.",
	},
	"Read and accept the consent first: GET and POST /v1/me/consent.": {
		"", "Lies die Einwilligung und stimm zu: GET und POST /v1/me/consent.",
	},
	"Send a Firebase ID token as \"Authorization: Bearer TOKEN\".": {
		"", "Sende ein ID-Token von Firebase als \"Authorization: Bearer TOKEN\".",
	},
	"Something went wrong on our side. The request id helps us find out what.": {
		"", "Bei uns ist etwas schiefgegangen. Mit der Request-Id finden wir heraus, was.",
	},
	"The App Check token cannot be checked at the moment: try again.": {
		"", "Das App-Check-Token kann gerade nicht geprüft werden: Versuch es noch einmal.",
	},
	"The division can be changed once in 30 days, and again after %s.": {
		"", "Die Division lässt sich einmal in 30 Tagen ändern, wieder ab %s.",
	},
	"The photo is not kept any more, so it cannot be measured again.": {
		"", "Das Foto ist nicht mehr da und kann nicht noch einmal gemessen werden.",
	},
	"The scan is being deleted, and not all of it is gone yet: try again.": {
		"", "Der Scan wird gerade gelöscht und ist noch nicht ganz fort: Versuch es noch einmal.",
	},
	"The series is being deleted, and not all of it is gone yet: try again.": {
		"", "Die Serie wird gerade gelöscht und ist noch nicht ganz fort: Versuch es noch einmal.",
	},

	// Of members.
	"has a malformed Content-Type": {
		"malformed_type", "hat einen fehlerhaften Content-Type",
	},
	"is %s": {
		"other_type", "ist %s",
	},
	"is given twice": {
		"twice", "ist zweimal angegeben",
	},
	"is missing": {
		"missing", "fehlt",
	},
	"is not an e-mail address": {
		"not_email", "ist keine E-Mail-Adresse",
	},
	"is not known": {
		"unknown", "ist nicht bekannt",
	},
	"is not known here": {
		"unknown", "ist hier nicht bekannt",
	},
	"is not the photo's": {
		"other_checksum", "ist nicht die des Fotos",
	},
	"is out of range": {
		"out_of_range", "liegt außerhalb des Bereichs",
	},
	"is too long": {
		"too_long", "ist zu lang",
	},
	"is too short or too simple": {
		"weak", "ist zu kurz oder zu einfach",
	},
	"must be %d to %d": {
		"out_of_range", "muss %d bis %d sein",
	},
	"must be %s": {
		"not_allowed", "muss %s sein",
	},
	"must be %s or %s": {
		"not_allowed", "muss %s oder %s sein",
	},
	"must be 0 to %d": {
		"out_of_range", "muss 0 bis %d sein",
	},
	"must be 64 digits of lower-case hex": {
		"not_hex", "muss aus 64 kleinen Hexadezimalziffern bestehen",
	},
	"must be a list of entity tags such as \"7\" in double quotes, or *": {
		"not_tags", "muss eine Liste von Entity-Tags wie \"7\" in Anführungszeichen sein, oder *",
	},
	"must be a name as the leaderboard shows it": {
		"not_name", "muss ein Name sein, wie ihn die Rangliste zeigt",
	},
	"must be a time of the day such as 22:00": {
		"not_time", "muss eine Uhrzeit wie 22:00 sein",
	},
	"must be a revision": {
		"not_revision", "muss eine `revision` sein",
	},
	"must be a whole number": {
		"not_whole", "muss eine ganze Zahl sein",
	},
	"must be a whole number of %d to %d": {
		"out_of_range", "muss eine ganze Zahl von %d bis %d sein",
	},
	"must be a year of %d to %d": {
		"out_of_range", "muss ein Jahr von %d bis %d sein",
	},
	"must be after from": {
		"not_after", "muss nach from liegen",
	},
	"must be another user's": {
		"own", "muss der einer anderen Person sein",
	},
	"must be at most %d": {
		"too_many", "dürfen höchstens %d sein",
	},
	"must be left out": {
		"unexpected", "muss weggelassen werden",
	},
	"must be of another type": {
		"type", "muss von einem anderen Typ sein",
	},
	"must be one of %s": {
		"not_allowed", "muss eines sein von: %s",
	},
	"must be true": {
		"not_true", "muss true sein",
	},
	"must be women, men or none": {
		"not_allowed", "muss women, men oder none sein",
	},
	"must begin with a letter or a digit": {
		"start", "muss mit einem Buchstaben oder einer Ziffer beginnen",
	},
	"must come before the file": {
		"after_file", "muss vor der Datei kommen",
	},
	"must have %d letters and digits, as the friend's app shows them": {
		"not_code", "muss %d Buchstaben und Ziffern haben, wie die App des anderen sie zeigt",
	},
	"must have 1 to %d bytes": {
		"length", "muss 1 bis %d Byte haben",
	},
	"must have a boundary": {
		"boundary", "muss eine boundary haben",
	},
	"must have a character that can be seen": {
		"blank", "muss ein sichtbares Zeichen haben",
	},
	"must have at most %d bytes": {
		"too_long", "darf höchstens %d Byte haben",
	},
	"must not be blank: leave it out": {
		"blank", "darf nicht leer sein: Lass es weg",
	},
	"must not be empty": {
		"empty", "darf nicht leer sein",
	},
	"must not be empty: leave it out": {
		"empty", "darf nicht leer sein: Lass es weg",
	},
	"must not be false": {
		"not_optional", "darf nicht false sein",
	},
	"must not be longer than %d characters": {
		"too_long", "darf nicht länger als %d Zeichen sein",
	},
	"must not be null": {
		"null", "darf nicht null sein",
	},
	"must not have a word that insults others": {
		"insult", "darf kein beleidigendes Wort enthalten",
	},
	"must not have code points that are no characters": {
		"no_text", "darf keine Codepunkte enthalten, die keine Zeichen sind",
	},
	"must not have control characters or line breaks": {
		"control", "darf keine Steuerzeichen oder Zeilenumbrüche enthalten",
	},
	"must not mix digits of several scripts": {
		"mixed_digits", "darf keine Ziffern mehrerer Schriften mischen",
	},
	"must not mix scripts whose letters may look alike": {
		"mixed_scripts", "darf keine Schriften mischen, deren Buchstaben sich gleichen",
	},
	"is not accepted here: leave it out": {
		"unexpected", "wird hier nicht angenommen: Lass es weg",
	},
	"must be NAME=VALUE, joined by & and percent-encoded": {
		"not_query", "muss NAME=WERT sein, mit & verbunden und prozentkodiert",
	},
	"must be a language tag such as \"en\" or \"pt-BR\"": {
		"not_locale", "muss ein Sprachkürzel wie \"en\" oder \"pt-BR\" sein",
	},
	"must be a nextCursor of an answer to the same query": {
		"other_list", "muss ein nextCursor einer Antwort auf dieselbe Anfrage sein",
	},
	"must be a time as RFC 3339, such as 2026-11-20T08:16:00Z": {
		"not_time", "muss eine Zeit nach RFC 3339 sein, wie 2026-11-20T08:16:00Z",
	},
	"must be in the years 0001 to 9999, in UTC": {
		"out_of_range", "muss in den Jahren 0001 bis 9999 liegen, in UTC",
	},
	"must be the IANA name of a zone, such as Europe/Berlin": {
		"not_zone", "muss der IANA-Name einer Zeitzone sein, wie Europe/Berlin",
	},
	"must be a nextCursor or prevCursor of an answer about the same board": {
		"other_list", "muss ein nextCursor oder prevCursor einer Antwort über dieselbe Rangliste sein",
	},
	"must be 1 to 64 letters, digits, dashes and underscores, the first no underscore": {
		"not_id", "muss aus 1 bis 64 Buchstaben, Ziffern, Strichen und Unterstrichen bestehen, ohne Unterstrich am Anfang",
	},
	"must consist of letters and digits of scripts in modern use and of . _ -": {
		"characters", "muss aus Buchstaben und Ziffern heutiger Schriften und aus . _ - bestehen",
	},
	"must not have characters that cannot be seen or that change the direction of text": {
		"invisible", "darf keine unsichtbaren Zeichen enthalten und keine, die die Schreibrichtung ändern",
	},
	"must not have more than 4 marks on a letter, or one of them twice": {
		"marks", "darf nicht mehr als 4 Zeichen auf einem Buchstaben haben und keines davon zweimal",
	},
	"must be 1 to 32 of a-z, 0-9 and -": {
		"not_name", "muss aus 1 bis 32 Zeichen von a-z, 0-9 und - bestehen",
	},
	"only a jpeg has one: the other formats are written without loss": {
		"unexpected", "hat nur ein jpeg: Die anderen Formate sind verlustfrei",
	},
	"must be unique": {
		"twice", "muss eindeutig sein",
	},
	"can be given once only": {
		"twice", "darf nur einmal angegeben sein",
	},
	"must be 0.1 to 20": {
		"out_of_range", "muss 0,1 bis 20 sein",
	},
	"must be 1 to 40 printable characters of Latin, Greek or Cyrillic": {
		"not_printable", "muss aus 1 bis 40 druckbaren Zeichen lateinischer, griechischer oder kyrillischer Schrift bestehen",
	},
	"is not a member of %s": {
		"unexpected", "gehört nicht zu %s",
	},
	"must be given, or height": {
		"missing", "muss angegeben sein, oder height",
	},
	"must be at least 0 and less than 1": {
		"out_of_range", "muss mindestens 0 und kleiner als 1 sein",
	},
	"must be more than 0 and at most 1": {
		"out_of_range", "muss größer als 0 und höchstens 1 sein",
	},
	"must be more than %s": {
		"not_more", "muss größer als %s sein",
	},
	"is no kind of notice": {
		"unknown", "ist keine Art von Nachricht",
	},
	"is no channel of this kind": {
		"unknown", "ist kein Kanal dieser Art",
	},
	"must have %d to %d characters": {
		"length", "muss %d bis %d Zeichen haben",
	},
	"is too long: at most %d characters, and %d code points": {
		"too_long", "ist zu lang: höchstens %d Zeichen und %d Codepunkte",
	},
	"must consist of letters and digits of scripts in modern use and of . _ - (%s is none)": {
		"characters", "muss aus Buchstaben und Ziffern heutiger Schriften und aus . _ - bestehen (%s gehört nicht dazu)",
	},
	"must not have control characters or line breaks (%s)": {
		"control", "darf keine Steuerzeichen oder Zeilenumbrüche enthalten (%s)",
	},
	"must not have characters that cannot be seen or that change the direction of text (%s)": {
		"invisible", "darf keine unsichtbaren Zeichen enthalten und keine, die die Schreibrichtung ändern (%s)",
	},
	"must not have code points that are no characters (%s)": {
		"no_text", "darf keine Codepunkte enthalten, die keine Zeichen sind (%s)",
	},
	"would make the whole day quiet: turn the channels off instead": {
		"whole_day", "würde den ganzen Tag zur Ruhezeit machen: Schalte stattdessen die Kanäle ab",
	},
}
