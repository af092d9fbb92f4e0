{% from 'parts/money.sql' import model %}
SELECT {{ model }}
FROM (SELECT {provider:String} AS provider, '' AS model_revision, {name:String} AS request_model)
