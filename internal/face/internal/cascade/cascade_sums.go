package cascade

// CascadeSums lists the embedded cascades, in the order in which they are loaded, with the sha256
// of each file of pigo v1.4.6.
var CascadeSums = [...]struct{ name, sha256 string }{
	{"facefinder", "d8014993e7298c7b1865d1f8b855d6dbf4ec5c808bf879e2091ab6837abf90cd"},
	{"puploc", "aa01adf34e5af6ed333be75e934275fc39fba2b63790cb340353b2d459c96ccc"},
	{"lp312", "f36f8ff56b61b982d20cfc63efadf627d7960850d24d954ce13d0552ba8f74f4"},
	{"lp38", "5056ae37210c49511ada2dfcf35a8c34b742c5f8a44729cc65be8fb4e932a948"},
	{"lp42", "3b7d22017b2f142c9bca5cc118f0a3ff2e4e9e12e4427314c63a9953c0dccdb7"},
	{"lp44", "c63d2a04bdf058923b3c7fa1b1b5c77de7e007bf71a585f20c7cfbb3b8a7f96a"},
	{"lp46", "f5d08fa7c700387f3a34a8ac23a1cac2eeb9d74c766efb2a95c50eb2bfacbfb7"},
	{"lp81", "5085fa475d1bfa2e16e2597d1e0b0a9bdd5c733d5053e303599abda0bc166df6"},
	{"lp82", "61ba39229d9c15bed02277ee804abb3363f97048a0b428158fb87803dec4d8f8"},
	{"lp84", "2389ac114b9e18a2f6036fe9728be47baca012d42993167b8146a7cfe96b334f"},
	{"lp93", "7e7ad437cb7488a3c37f2cbcadb0a5ee9ee4561fd17085de5eb5ec62b66480bd"},
}
