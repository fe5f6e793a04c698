package pack

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"

	"github.com/facescan/facescan/internal/deploy/licence"
)

// bomSuffix ends the name of the list of a zip's modules, which stands beside the zip.
const bomSuffix = ".cdx.json"

// bom returns the CycloneDX list (SBOM) of the modules in the function's zip. The standard library
// is not in it: the buildpack chooses its patch. The list has no time and no random number, so it
// is the same wherever and whenever the zip is made.
func (s *Source) bom(function, zipSum string) ([]byte, error) {
	modules, err := s.modulesOf(function)
	if err != nil {
		return nil, err
	}
	components := make([]cyclonedx.Component, 0, len(modules))
	var needs []string
	for _, m := range sortedModules(modules) {
		c, err := s.component(m)
		if err != nil {
			return nil, err
		}
		components, needs = append(components, c), append(needs, c.BOMRef)
	}
	list := cyclonedx.NewBOM()
	list.SpecVersion = cyclonedx.SpecVersion1_6
	list.Metadata = &cyclonedx.Metadata{Component: &cyclonedx.Component{
		BOMRef: function, Type: cyclonedx.ComponentTypeApplication, Name: s.module.Path + "/functions/" + function,
		Hashes: &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: zipSum}},
	}}
	list.Components = &components
	list.Dependencies = &[]cyclonedx.Dependency{{Ref: function, Dependencies: &needs}}
	var out bytes.Buffer
	encoder := cyclonedx.NewBOMEncoder(&out, cyclonedx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false)
	if err := encoder.EncodeVersion(list, list.SpecVersion); err != nil {
		return nil, fmt.Errorf("write the list of modules of %s: %w", function, err)
	}
	return out.Bytes(), nil
}

// component returns the module with its hash of go.sum, which is one of its files' names and
// hashes, and its licences.
func (s *Source) component(m goModule) (cyclonedx.Component, error) {
	sum, err := s.sumOf(m)
	if err != nil {
		return cyclonedx.Component{}, err
	}
	ids, err := licence.Of(m.Dir)
	if err != nil {
		return cyclonedx.Component{}, fmt.Errorf("module %s: %w", m.Path, err)
	}
	licences := make(cyclonedx.Licenses, len(ids))
	for i, id := range ids {
		licences[i].License = &cyclonedx.License{ID: id}
	}
	address := "pkg:golang/" + m.Path + "@" + url.QueryEscape(m.Version)
	return cyclonedx.Component{
		BOMRef: address, Type: cyclonedx.ComponentTypeLibrary, Name: m.Path, Version: m.Version, PackageURL: address,
		Hashes:   &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: sum}},
		Licenses: &licences,
	}, nil
}

// sumOf returns the module's hash of go.sum in hex.
func (s *Source) sumOf(m goModule) (string, error) {
	prefix := m.Path + " " + m.Version + " h1:"
	at := slices.IndexFunc(s.sums, func(line string) bool { return strings.HasPrefix(line, prefix) })
	if at < 0 {
		return "", fmt.Errorf("go.sum has no hash of %s %s", m.Path, m.Version)
	}
	sum, err := base64.StdEncoding.DecodeString(strings.TrimSpace(strings.TrimPrefix(s.sums[at], prefix)))
	if err != nil {
		return "", fmt.Errorf("go.sum's hash of %s: %w", m.Path, err)
	}
	return hex.EncodeToString(sum), nil
}

// modulesOf returns the modules that the function links, with their packages.
func (s *Source) modulesOf(function string) (map[goModule][]string, error) {
	paths, err := s.linked(function)
	if err != nil {
		return nil, err
	}
	modules := map[goModule][]string{}
	for _, importPath := range paths {
		if p := s.packages[importPath]; !p.Module.Main {
			modules[*p.Module] = append(modules[*p.Module], importPath)
		}
	}
	return modules, nil
}

// sortedModules returns the modules in the order of their paths.
func sortedModules(modules map[goModule][]string) []goModule {
	sorted := make([]goModule, 0, len(modules))
	for m := range modules {
		sorted = append(sorted, m)
	}
	slices.SortFunc(sorted, func(a, b goModule) int { return strings.Compare(a.Path, b.Path) })
	return sorted
}
