const semver = require('semver');
console.log(semver.valid('v1.2.3-beta.1+build'), semver.satisfies('1.9.0', '^1.2 || >=3'), semver.maxSatisfying(['1.0.0', '1.5.2', '2.0.0'], '~1'), semver.inc('1.2.3', 'prerelease', 'rc'));
console.log(['2.0.0', '1.0.0-alpha.10', '1.0.0-alpha.2', '1.0.0'].sort(semver.compare), semver.coerce('v3.4 something').version, new semver.Range('>=1.2.3 <2 || 5.x').range, semver.diff('1.2.3', '1.3.0'));
try { new semver.SemVer('no'); } catch (error) { console.log(error.name, error.message); }
