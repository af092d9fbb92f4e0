UPDATE spans SET {% include 'assignments.sql' %}
WHERE {% include 'differs.jinja' %}
