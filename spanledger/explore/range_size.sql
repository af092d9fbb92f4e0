SELECT count() FROM spans WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
