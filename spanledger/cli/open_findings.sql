-- Each severity has a row, also when nothing is open.
SELECT entry.1, entry.2
FROM
(
    SELECT arrayJoin(arrayMap(level -> (level, countEqual(open, level)), ['page', 'ticket', 'digest'])) AS entry
    FROM (SELECT groupArrayIf(toString(severity), state = 'open') AS open FROM findings)
)
