package arch

import "testing"

func TestImportsGoDown(t *testing.T)         { none(t, upward(packages(t))) }
func TestForbiddenImports(t *testing.T)      { none(t, broken(packages(t), never)) }
func TestVendorsStandAlone(t *testing.T)     { none(t, vendors(packages(t))) }
func TestSuitesStayInTests(t *testing.T)     { none(t, suites(packages(t))) }
func TestPackagesLoad(t *testing.T)          { none(t, unloadable(packages(t))) }
func TestNothingIsTooLong(t *testing.T)      { none(t, tooLong(sources(repository(t)))) }
func TestMainsOnlyWire(t *testing.T)         { none(t, mains(sources(repository(t)))) }
func TestNoInit(t *testing.T)                { none(t, hidden(sources(repository(t)))) }
func TestTestsDoNotIdle(t *testing.T)        { none(t, idle(sources(repository(t)))) }
func TestPackagesAreNouns(t *testing.T)      { none(t, vague(sources(repository(t)))) }
func TestEverythingIsSaid(t *testing.T)      { none(t, undocumented(sources(repository(t)))) }
func TestWords(t *testing.T)                 { none(t, said(repository(t), words)) }
func TestFixturesHoldNoSecrets(t *testing.T) { none(t, secrets(repository(t), placeholders)) }
