SELECT
    (SELECT toString(argMax(sha256, loaded_at)) FROM price_lists),
    (SELECT toString(max(added_at)) FROM price_overrides),
    (SELECT toString(max(added_at)) FROM model_aliases)
