package local

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gobwas/glob"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// collect puts the files that assetPaths and archivePaths name, below the folder, into the results.
func collect(folder string, options Options, results *Results) error {
	if options.AssetPaths != nil {
		assets, err := match(folder, *options.AssetPaths)
		if err != nil {
			return err
		}
		found := map[string]types.AssetOrArchive{}
		for name, asset := range assets {
			found[name] = types.AssetOrArchive{Asset: asset}
		}
		results.Assets = &found
	}
	if options.ArchivePaths != nil {
		assets, err := match(folder, *options.ArchivePaths)
		if err != nil {
			return err
		}
		members := map[string]any{}
		for name, asset := range assets {
			members[name] = asset
		}
		results.Archive, err = resource.NewAssetArchive(members)
		return err
	}
	return nil
}

// rule takes the files that its glob matches in, or out again.
type rule struct {
	glob.Glob
	in bool
}

// match finds files, not folders, by their path relative to the folder; the last rule that matches one decides.
func match(folder string, patterns []string) (map[string]*resource.Asset, error) {
	rules := make([]rule, len(patterns))
	for i, pattern := range patterns {
		pattern, out := strings.CutPrefix(pattern, "!")
		compiled, err := glob.Compile(pattern, '/')
		if err != nil {
			return nil, err
		}
		rules[i] = rule{compiled, !out}
	}
	assets := map[string]*resource.Asset{}
	err := fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		in := false
		for _, rule := range rules {
			if rule.Match(name) {
				in = rule.in
			}
		}
		if in {
			assets[name], err = resource.NewPathAsset(filepath.Join(folder, name))
		}
		return err
	})
	return assets, err
}
