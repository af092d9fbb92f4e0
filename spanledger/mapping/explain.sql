SELECT r.name, e.scope, s.by_scope, e.kind, e.all_ids, e.slots, r.flag_bits, {columns}
FROM recognised_explained AS r
INNER JOIN explained AS e ON e.span_id = r.span_id
INNER JOIN scopes_explained AS s ON s.span_id = r.span_id
ORDER BY r.started_at, r.span_id
