# Everything here is `python3 -m fleet …`; the launcher makes .venv with system Python at its first call.
FLEET := python3 -m fleet
.DEFAULT_GOAL := help
.PHONY: help up down status logs seed demo audit projections bench run restart reload scale rotate-keys postman test drill drills guards check audit-packages messages schemas lock new-service clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-30s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: ## start everything that does not run yet: installs, migrates, seeds, ends with the URLs
	@$(FLEET) up

down: ## stop exactly what was started
	@$(FLEET) down

status: ## processes, health, restarts and memory
	@$(FLEET) status

logs: ## follow the logs; s=order_service: of one service
	@$(FLEET) logs $(s)

seed: ## make the demo marketplace
	@$(FLEET) seed

demo: ## drive the main journey over the gateway and show each step
	@$(FLEET) demo

audit: ## compare what the services say, and name what does not agree; repair=1: mend what is safe to mend
	@$(FLEET) audit $(if $(repair),--repair) $(if $(since),--since $(since))

projections: ## make the copies that services keep of each other's rows what their owners say; check=1: compare only
	@$(FLEET) projections $(if $(check),--check)

bench: ## what a shop does all day, beside this machine's floors; the fleet runs and is idle
	@.venv/bin/python -m benchmarks.shop

run: ## one service alone in the foreground, with the servers it needs; s=order_service
	@$(FLEET) run $(s)

restart: ## restart the processes of a service; s=order_service
	@$(FLEET) restart $(s)

reload: ## let a service's web processes change to new code without refusing a request; s=order_service
	@$(FLEET) reload $(s)

scale: ## more or fewer web instances of a service; s=order_service n=2
	@$(FLEET) scale $(s) $(n)

rotate-keys: ## sign access tokens with a new key from now on
	@$(FLEET) rotate-keys

postman: ## write the API as a Postman collection
	@$(FLEET) postman

test: ## all tests; s=order_service: of one service
	@$(FLEET) test $(s)

drill: ## do on purpose what could go wrong; name=T9 [seed=1] [full=1]
	@$(FLEET) drill $(name) $(if $(seed),--seed $(seed)) $(if $(full),--full)

drills: ## all drills and their report; [seed=1] [full=1]
	@$(FLEET) drills $(if $(seed),--seed $(seed)) $(if $(full),--full)

guards: ## take each guard out of a copy of the code: its drill must find out; name=T9
	@$(FLEET) guards $(name)

check: ## lint, types, import rules, migrations, schemas
	@$(FLEET) check

audit-packages: ## known vulnerabilities of the pinned packages, where PyPI's database of advisories can be reached
	@.venv/bin/uv tool run pip-audit@2.10.1 --strict --disable-pip --require-hashes --progress-spinner off -r requirements.txt

messages: ## who sends and who hears what
	@$(FLEET) messages

schemas: ## write the schemas of additive changes to messages
	@cd shared && ../.venv/bin/python -m shared.contracts write

lock: ## pin what requirements.in and the services ask for: their requirements.txt
	@$(FLEET) lock

new-service: ## render a service; name=loyalty_service
	@$(FLEET) new-service $(name)

clean: ## stop everything and delete all data
	@$(FLEET) clean
