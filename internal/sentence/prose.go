package sentence

// prose are the sentences of answers that are no errors, by their English. Each has a code.
var prose = map[string]Row{
	// What is wrong with a photo.
	"The face is hard to make out.": {
		"face_unclear", "Das Gesicht ist schwer zu erkennen.",
	},
	"There is another face in the picture.": {
		"other_face", "Auf dem Bild ist noch ein Gesicht.",
	},
	"The face is small in the picture.": {
		"face_small", "Das Gesicht ist klein im Bild.",
	},
	"The face is too small in the picture. Please hold the phone closer, at arm's length.": {
		"face_too_small", "Das Gesicht ist zu klein im Bild. Bitte halte das Telefon näher, eine Armlänge entfernt.",
	},
	"The face is too dark.": {
		"face_dark", "Das Gesicht ist zu dunkel.",
	},
	"The picture is almost black. Please turn on more light or face a window.": {
		"picture_black", "Das Bild ist fast schwarz. Bitte mach mehr Licht an oder stell dich vor ein Fenster.",
	},
	"The face is overexposed.": {
		"face_overexposed", "Das Gesicht ist überbelichtet.",
	},
	"The face shows too little contrast.": {
		"low_contrast", "Das Gesicht hat zu wenig Kontrast.",
	},
	"The photo is not sharp.": {
		"not_sharp", "Das Foto ist nicht scharf.",
	},
	"The light comes from one side.": {
		"light_from_side", "Das Licht kommt von einer Seite.",
	},
	"The head is turned to the side.": {
		"head_turned", "Der Kopf ist zur Seite gedreht.",
	},
	"The head is tilted.": {
		"head_tilted", "Der Kopf ist geneigt.",
	},
	"The camera may have been very near.": {
		"camera_near", "Die Kamera war vielleicht sehr nah.",
	},
	"Something may cover a part of the face.": {
		"face_partly_covered", "Etwas verdeckt vielleicht einen Teil des Gesichts.",
	},
	"The face is cut off by the edge of the picture.": {
		"face_cut_off", "Das Gesicht ist am Bildrand abgeschnitten.",
	},
	"The photo is blurred by movement.": {
		"moved", "Das Foto ist verwackelt.",
	},
	"The photo is compressed too much.": {
		"over_compressed", "Das Foto ist zu stark komprimiert.",
	},
	"The mouth is open.": {
		"mouth_open", "Der Mund ist offen.",
	},
	"One eye is more closed than the other.": {
		"eye_closed", "Ein Auge ist weiter geschlossen als das andere.",
	},
	"Something may cover the eyes.": {
		"eyes_covered", "Etwas verdeckt vielleicht die Augen.",
	},
	"Something may cover the nose.": {
		"nose_covered", "Etwas verdeckt vielleicht die Nase.",
	},
	"Something may cover the mouth.": {
		"mouth_covered", "Etwas verdeckt vielleicht den Mund.",
	},
	"The face is covered, distorted or lit unevenly.": {
		"face_distorted", "Das Gesicht ist verdeckt, verzerrt oder ungleichmäßig beleuchtet.",
	},
	"The face is too near.": {
		"face_near", "Das Gesicht ist zu nah.",
	},
	"The picture has too few pixels.": {
		"few_pixels", "Das Bild hat zu wenige Pixel.",
	},
	"The score is outside of what this was calibrated on.": {
		"score_beyond_reference", "Der Wert liegt außerhalb dessen, woran das Verfahren kalibriert wurde.",
	},
	"No face was found. Please take the photo from the front, with the whole face in the picture and light on it.": {
		"no_face", "Es wurde kein Gesicht gefunden. Bitte mach das Foto von vorn, mit dem ganzen Gesicht im Bild und Licht.",
	},

	// What to do for a better photo.
	"Show the whole face from the front, with nothing in front of it.": {
		"show_whole_face", "Zeig das ganze Gesicht von vorn, ohne etwas davor.",
	},
	"Take the photo of yourself alone.": {
		"be_alone", "Mach das Foto nur von dir.",
	},
	"Hold the phone closer, at arm's length, so that your face fills about half of the picture.": {
		"move_closer", "Halte das Telefon näher, eine Armlänge entfernt, sodass dein Gesicht etwa das halbe Bild füllt.",
	},
	"Turn on more light or face a window.": {
		"more_light", "Mach mehr Licht an oder stell dich vor ein Fenster.",
	},
	"Move out of the direct light.": {
		"avoid_direct_light", "Geh aus dem direkten Licht.",
	},
	"Find brighter, even light.": {
		"brighter_light", "Such dir helleres, gleichmäßiges Licht.",
	},
	"Find softer, even light.": {
		"softer_light", "Such dir weicheres, gleichmäßiges Licht.",
	},
	"Hold the phone still, wipe the lens and let it focus on your face.": {
		"focus", "Halte das Telefon ruhig, wisch die Linse ab und lass es auf dein Gesicht scharfstellen.",
	},
	"Turn towards the light, so that both sides of the face are lit alike.": {
		"face_light", "Dreh dich zum Licht, sodass beide Seiten des Gesichts gleich beleuchtet sind.",
	},
	"Get more light on the side of your face towards the %s edge of the picture.": {
		"light_side", "Bring mehr Licht auf die Seite deines Gesichts am %s Bildrand.",
	},
	"Turn your head to look straight into the camera.": {
		"look_straight", "Dreh den Kopf so, dass du gerade in die Kamera schaust.",
	},
	"Turn your head towards the %s edge of the picture by about %.0f degrees.": {
		"turn_head", "Dreh den Kopf um etwa %[2]s Grad zum %[1]s Bildrand.",
	},
	"Hold the phone upright and keep your head level.": {
		"hold_level", "Halte das Telefon aufrecht und den Kopf gerade.",
	},
	"Tilt your head, or the phone, so that your head moves towards the %s edge of the picture by about %.0f degrees.": {
		"tilt_head", "Neige den Kopf oder das Telefon, sodass der Kopf um etwa %[2]s Grad zum %[1]s Bildrand kommt.",
	},
	"Hold the phone at arm's length.": {
		"arms_length", "Halte das Telefon eine Armlänge entfernt.",
	},
	"Keep hair, hands and glasses out of your face, and the light even.": {
		"uncover_face", "Halte Haare, Hände und Brille aus dem Gesicht und das Licht gleichmäßig.",
	},
	"Hold the phone further away, so that your whole face is in the picture.": {
		"move_away", "Halte das Telefon weiter weg, sodass dein ganzes Gesicht im Bild ist.",
	},
	"Hold the phone and your head still.": {
		"hold_still", "Halte das Telefon und den Kopf ruhig.",
	},
	"Send the photo in its original size.": {
		"original_size", "Schick das Foto in seiner ursprünglichen Größe.",
	},
	"Close your mouth and keep a neutral face.": {
		"close_mouth", "Schließ den Mund und schau neutral.",
	},
	"Keep both eyes open and a neutral face.": {
		"open_eyes", "Lass beide Augen offen und schau neutral.",
	},
	"Take off sunglasses, and keep hair and hands away from your eyes.": {
		"uncover_eyes", "Nimm die Sonnenbrille ab und halte Haare und Hände von den Augen weg.",
	},
	"Keep hands, masks and scarves away from your face.": {
		"uncover_nose", "Halte Hände, Masken und Schals vom Gesicht weg.",
	},
	"Take off masks and scarves, and keep hands away from your mouth.": {
		"uncover_mouth", "Nimm Maske und Schal ab und halte die Hände vom Mund weg.",
	},
	"Take the photo from the front in even light, with nothing in front of your face.": {
		"plain_photo", "Mach das Foto von vorn in gleichmäßigem Licht, ohne etwas vor dem Gesicht.",
	},

	// Why a file is not read.
	"This file has more than %d megabytes. Please choose a smaller one.": {
		"many_bytes", "Diese Datei hat mehr als %s Megabyte. Bitte wähl eine kleinere.",
	},
	"This photo has %d x %d pixels. Please send one with at most %g megapixels.": {
		"many_pixels", "Dieses Foto hat %s x %s Pixel. Bitte schick eines mit höchstens %s Megapixeln.",
	},
	"This photo of %d x %d pixels takes too much memory to read. " +
		"Please save it as an ordinary (baseline) JPEG or make it smaller.": {
		"much_memory", "Dieses Foto mit %s x %s Pixeln braucht zu viel Speicher. " +
			"Bitte speichere es als gewöhnliches JPEG (Baseline) oder verkleinere es.",
	},
	"This file is empty. Please upload the photo again.": {
		"empty_file", "Diese Datei ist leer. Bitte lade das Foto noch einmal hoch.",
	},
	"This file is damaged or was not uploaded completely. Please upload it again.": {
		"damaged_file", "Diese Datei ist beschädigt oder kam nicht ganz an. Bitte lade sie noch einmal hoch.",
	},
	"This kind of image file cannot be read. Please save the photo as an ordinary JPEG.": {
		"unread_kind", "Diese Art von Bilddatei ist nicht lesbar. Bitte speichere das Foto als gewöhnliches JPEG.",
	},
	"This is a HEIC or AVIF photo, which is not read here. " +
		"Please let the phone convert it to JPEG (iPhone: Settings, Camera, Formats, Most Compatible).": {
		"heif", "Das ist ein Foto im Format HEIC oder AVIF, das hier nicht gelesen wird. Bitte lass es vom Telefon in JPEG " +
			"umwandeln (iPhone: Einstellungen, Kamera, Formate, Maximale Kompatibilität).",
	},
	"This file is not a JPEG, PNG or WebP image.": {
		"not_image", "Diese Datei ist kein Bild als JPEG, PNG oder WebP.",
	},
	"This JPEG is made for printing (CMYK). Please save it with RGB colours.": {
		"cmyk", "Dieses JPEG ist für den Druck gemacht (CMYK). Bitte speichere es mit RGB-Farben.",
	},
	"This is an animation. Please send a photo.": {
		"animation", "Das ist eine Animation. Bitte schick ein Foto.",
	},
	"the colour profile is malformed": {
		"profile_malformed", "Das Farbprofil ist fehlerhaft.",
	},
	"the colour profile is of a kind that is not read": {
		"profile_kind", "Das Farbprofil ist von einer Art, die nicht gelesen wird.",
	},

	// Why a scan failed otherwise.
	"The photo could not be analysed. We have been told; please try another photo.": {
		"analysis_crashed", "Das Foto ließ sich nicht auswerten. Wir wissen davon; bitte versuch es mit einem anderen Foto.",
	},
	"The photo is not the one that was announced. Please upload it again.": {
		"other_content", "Das Foto ist nicht das angekündigte. Bitte lade es noch einmal hoch.",
	},
	"You withdrew your consent, so the scan was stopped and its photo deleted.": {
		"consent_withdrawn", "Du hast deine Einwilligung widerrufen. Darum wurde der Scan beendet und sein Foto gelöscht.",
	},
	"Your account is under review, so the scan was stopped and its photo deleted.": {
		"account_held", "Dein Konto wird geprüft. Darum wurde der Scan beendet und sein Foto gelöscht.",
	},
	"The photo was sent in an encoding that is not read here and was deleted. Please upload it again as it is.": {
		"content_encoded", "Das Foto kam in einer Kodierung an, die hier nicht gelesen wird, und wurde gelöscht. " +
			"Bitte lade es unverändert noch einmal hoch.",
	},
	"The photo was announced as %s but is %s. Please upload it again.": {
		"other_type", "Das Foto war als %s angekündigt, ist aber %s. Bitte lade es noch einmal hoch.",
	},
	"The photo is not there any more. Please upload it again.": {
		"photo_missing", "Das Foto ist nicht mehr da. Bitte lade es noch einmal hoch.",
	},
	"The photo could not be analysed in time and was deleted. Please upload it again.": {
		"photo_expired", "Das Foto ließ sich nicht rechtzeitig auswerten und wurde gelöscht. Bitte lade es noch einmal hoch.",
	},

	// Why a scan is not ranked or does not count.
	"This photo has been measured before, and each photo counts once.": {
		"same_photo", "Dieses Foto wurde schon gemessen, und jedes Foto zählt einmal.",
	},
	"This looks like a photo that was measured before, and each photo counts once.": {
		"copied_photo", "Das sieht aus wie ein Foto, das schon gemessen wurde, und jedes Foto zählt einmal.",
	},
	"Both halves of the face are the same picture, one of them mirrored.": {
		"mirrored_half", "Beide Gesichtshälften sind dasselbe Bild, eine davon gespiegelt.",
	},
	"The proportions of this face are not those of your earlier photos.": {
		"geometry_jump", "Die Proportionen dieses Gesichts sind nicht die deiner früheren Fotos.",
	},
	"Five results of one day (UTC) are ranked, and you have had them. This one is measured, and does not count.": {
		"daily_limit", "Fünf Ergebnisse eines Tages (UTC) kommen in die Rangliste, und die hattest du schon. " +
			"Dieses ist gemessen und zählt nicht.",
	},
	"Every photo of a face differs a little, and so does its score, by chance. More photos on one day make it no " +
		"truer; photos of other days do. If you find yourself checking your face often, or if how you look troubles " +
		"you, take a break from measuring, and talk about it with somebody you trust or with a doctor.": {
		"take_a_break", "Jedes Foto eines Gesichts ist ein wenig anders und damit zufällig auch sein Wert. " +
			"Mehr Fotos an einem Tag machen ihn nicht richtiger, Fotos anderer Tage schon. " +
			"Wenn du dein Gesicht oft prüfst oder dein Aussehen dich belastet, mach eine Pause vom Messen und " +
			"sprich mit jemandem, dem du vertraust, oder mit einer Ärztin oder einem Arzt.",
	},
	"There is no result of this photo.": {
		"not_measured", "Zu diesem Foto gibt es kein Ergebnis.",
	},
	"This photo does not count: see why in its scan.": {
		"not_rankable", "Dieses Foto zählt nicht: Warum, steht in seinem Scan.",
	},
	"This photo was measured by another version of the engine than the others, whose scores do not compare.": {
		"other_engine", "Dieses Foto wurde mit einer anderen Version gemessen als die übrigen; " +
			"ihre Werte sind nicht vergleichbar.",
	},
	"This photo's score lies too far from that of the others.": {
		"outlier", "Der Wert dieses Fotos liegt zu weit von dem der anderen entfernt.",
	},
	"You deleted this photo.": {
		"deleted", "Du hast dieses Foto gelöscht.",
	},

	// What to do before a photo of a series.
	"Hold the phone at the height of your eyes, look straight into the camera and take the first photo.": {
		"first_look", "Halte das Telefon auf Augenhöhe, schau gerade in die Kamera und mach das erste Foto.",
	},
	"Lower the phone and look away for a moment. " +
		"Then raise it again, look straight into the camera and take the next photo.": {
		"next_look", "Senk das Telefon und schau kurz weg. " +
			"Heb es dann wieder, schau gerade in die Kamera und mach das nächste Foto.",
	},

	// Why something is not measured.
	"No point lies on the edge of the jaw; only how alike its two sides look enters the score.": {
		"jaw", "Kein Punkt liegt auf dem Rand des Kiefers; " +
			"nur wie ähnlich seine beiden Seiten aussehen, geht in den Wert ein.",
	},
	"No point lies on the cheekbones, and one photo from the front does not show depth.": {
		"cheekbones", "Kein Punkt liegt auf den Wangenknochen, und ein Foto von vorn zeigt keine Tiefe.",
	},
	"No point lies on the chin.": {
		"chin", "Kein Punkt liegt auf dem Kinn.",
	},
	"They need the hairline and the chin, and no point lies on either.": {
		"facial_thirds", "Dazu braucht es Haaransatz und Kinn, und auf keinem von beiden liegt ein Punkt.",
	},
	"Light and camera change its look more than the skin does, and nothing about skin or health is inferred.": {
		"skin", "Licht und Kamera verändern ihr Aussehen mehr als die Haut selbst, " +
			"und auf Haut oder Gesundheit wird nicht geschlossen.",
	},

	// What a user agrees to before the first scan. A change of the German is a new text, too: see
	// terms.Current.
	"FaceScan measures the geometry of the face in the photos you upload, to show you its symmetry and its " +
		"change over time, and, only if you opt in, your place on a leaderboard. It does not identify you, does not " +
		"compare your face with anybody else's and infers neither age, gender nor origin.": {
		"consent_purpose", "" +
			"FaceScan misst die Geometrie des Gesichts auf den Fotos, die du hochlädst, um dir seine Symmetrie und " +
			"deren Veränderung im Lauf der Zeit zu zeigen und, nur wenn du dich dafür entscheidest, deinen Platz auf " +
			"einer Rangliste. FaceScan identifiziert dich nicht, vergleicht dein Gesicht nicht mit dem anderer Personen " +
			"und schließt weder auf Alter noch auf Geschlecht oder Herkunft.",
	},
	"A photo is deleted 24 hours after its analysis unless you choose to keep it longer, and after 7 days " +
		"at the latest if it could not be analysed. Results are kept until you delete them, withdraw this consent or " +
		"delete your account. If you delete a scan, its photo and its result are removed, but its score stays, as a " +
		"number without the photo and the scan, in your own leaderboard rating, so that deleting does not change the " +
		"rating. It stays until you have your ratings forgotten, withdraw this consent or delete your account.": {
		"consent_retention", "" +
			"Ein Foto wird 24 Stunden nach seiner Auswertung gelöscht, wenn du es nicht länger aufbewahren lässt, und " +
			"spätestens nach 7 Tagen, wenn es sich nicht auswerten ließ. Ergebnisse werden aufbewahrt, bis du sie löschst, " +
			"diese Einwilligung widerrufst oder dein Konto löschst. Wenn du einen Scan löschst, werden sein Foto und sein " +
			"Ergebnis entfernt, aber sein Wert bleibt, als Zahl ohne das Foto und den Scan, in deiner eigenen Wertung für " +
			"die Rangliste, damit das Löschen die Wertung nicht verändert. Er bleibt, bis du deine Wertungen vergessen " +
			"lässt, diese Einwilligung widerrufst oder dein Konto löschst.",
	},
}
