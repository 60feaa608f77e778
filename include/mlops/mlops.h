/* include/mlops/mlops.h - the whole public API. */
#ifndef MLOPS_MLOPS_H
#define MLOPS_MLOPS_H
#include <mlops/approval.h>
#include <mlops/archive.h>
#include <mlops/bundle.h>
#include <mlops/catalog.h>
#include <mlops/deploy.h>
#include <mlops/diff.h>
#include <mlops/drift.h>
#include <mlops/environment.h>
#include <mlops/error.h>
#include <mlops/key.h>
#include <mlops/maintenance.h>
#include <mlops/monitor.h>
#include <mlops/observer.h>
#include <mlops/policy.h>
#include <mlops/profile.h>
#include <mlops/registry.h>
#include <mlops/release.h>
#include <mlops/sandbox.h>
#include <mlops/scan.h>
#include <mlops/signature.h>
#include <mlops/testreport.h>
#include <mlops/text.h>
#include <mlops/trial.h>
#include <mlops/trust.h>
#endif
