"""Beam's own pipeline options that decide which code runs, as which account, and where its files are.

A launcher hands a template's parameters to the pipeline as such options. These are Python's, with all the names that it
takes (``options/pipeline_options.py`` of apache-beam 2.77), and those of Java's option interfaces.
"""

_CODE = """
    setupfile requirementsfile requirementscache extrapackage extrapackages filetostage filestostage sdklocation
    jarpackages jarcachedir beamplugin beamplugins beamservices mavenrepositoryurl dataflowworkerjar pipelineurl
    flinkjobserverjar sparkjobserverjar kafkastreamsjobserverjar prismlocation jobserverjavalauncher
    jobserverjvmproperty jobserverjvmproperties profileragent profilerextraarg profilerextraargs
    profilerextraenvvar profilerextraenvvars overridewindmillbinary transformstooverride
"""

_IMAGES = """
    workerharnesscontainerimage sdkharnesscontainerimageoverrides prebuildsdkcontainerengine
    prebuildsdkcontainerbaseimage dockerregistrypushurl environmenttype environmentconfig environmentoption
    environmentoptions defaultenvironmenttype defaultenvironmentconfig
"""

#: Which Java class or Python module does the work.
_CLASSES = "runner stager stagerclass pathvalidator pathvalidatorclass credentialfactoryclass gcsutil dataflowclient"

_IDENTITIES = """
    serviceaccountemail impersonateserviceaccount gcpcredential gcpoauthscope gcpoauthscopes noauth
    azuremanagedidentityclientid azureconnectionstring awscredentialsprovider
"""

_PLACES = """
    project dataflowendpoint apirooturl gcsendpoint jobendpoint artifactendpoint transformserviceaddress
    gcptemplocation templatelocation dataflowjobfile outputexecutablepath profilelocation profiletemplocation
    saveprofilestogcs saveheapdumpstogcspath dataflowkmskey gbek
"""

_ANYTHING = "experiment experiments dataflowserviceoption dataflowserviceoptions"

#: Without '_' and '-', in lower case: ``setup_file`` and ``setupFile`` are the same.
BEAM_OPTIONS = frozenset(" ".join((_CODE, _IMAGES, _CLASSES, _IDENTITIES, _PLACES, _ANYTHING)).split())
