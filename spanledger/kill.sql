-- End what runs for a request whose client has left.
KILL QUERY WHERE position(query, {mark:String}) > 0 AND NOT startsWith(query, '-- End what runs') ASYNC
