-- Tables of ours that store rows; views, dictionaries and tables of the moment do not.
SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name
