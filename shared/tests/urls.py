from shared import health

urlpatterns = health.urlpatterns
