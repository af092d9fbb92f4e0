-- Messages leave the span, and their hashes stay.
CREATE MATERIALIZED VIEW hashed_from_recognised TO hashed_spans AS
SELECT * EXCEPT (content_tools, content_system, content_input, content_output)
FROM recognised_spans;
