package local

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gobwas/glob"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// collect puts the files that assetPaths and archivePaths name, below the folder, into the results.
func collect(folder string, inputs Inputs, results *Results) error {
	if folder == "" {
		folder, _ = os.Getwd()
	}
	if inputs.AssetPaths != nil {
		assets, err := match(folder, *inputs.AssetPaths)
		if err != nil {
			return err
		}
		results.Assets = &assets
	}
	if inputs.ArchivePaths != nil {
		assets, err := match(folder, *inputs.ArchivePaths)
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

// match finds files, not folders, by their path relative to the folder. Rules apply in order; a leading ! excludes.
func match(folder string, rules []string) (map[string]*resource.Asset, error) {
	assets := map[string]*resource.Asset{}
	for _, rule := range rules {
		pattern, excludes := strings.CutPrefix(rule, "!")
		compiled, err := glob.Compile(pattern, '/')
		if err != nil {
			return nil, err
		}
		err = fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !compiled.Match(name) {
				return err
			}
			if excludes {
				delete(assets, name)
				return nil
			}
			assets[name], err = resource.NewPathAsset(filepath.Join(folder, name))
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return assets, nil
}
