SELECT text FROM alert_cards FINAL WHERE alert_id = {alert_id:String} ORDER BY episode DESC LIMIT 1
