SELECT png FROM alert_cards FINAL WHERE token = {token:String} LIMIT 1
