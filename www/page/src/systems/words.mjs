// Words of the page of the systems, explained, and the sentence that says what this is; in the order of `languages`.
// RFC 6749 section 1 and RFC 7521 for what the words mean.
// Refuses nothing itself; tests/e2e/access.mjs refuses a missing language.

export const WORDS = ["worker", "token", "scope", "assertion"];

export const wordTexts = {
  "about.text": [
    "A demonstration of samtykke, a library for logins and access at Nordic and Flemish public services.",
    "En demonstrasjon av samtykke, et bibliotek for innlogging og tilgang hos offentlige tjenester i Norden og Flandern.",
    "Ein demonstrasjon av samtykke, eit bibliotek for innlogging og tilgang hos offentlege tenester i Norden og Flandern.",
    "En demonstration av samtykke, ett bibliotek för inloggning och åtkomst hos offentliga tjänster i Norden och Flandern.",
    "Een demonstratie van samtykke, een bibliotheek voor inloggen en toegang bij Noordse en Vlaamse overheidsdiensten.",
  ],
  "about.docs": ["Documentation", "Dokumentasjon", "Dokumentasjon", "Dokumentation", "Documentatie"],
  "about.code": ["Source code", "Kildekode", "Kjeldekode", "Källkod", "Broncode"],
  "systems.plan": ["What you will see: {name}", "Det du får se: {name}", "Det du får sjå: {name}", "Det du får se: {name}", "Wat u te zien krijgt: {name}"],
  "systems.begin": [
    "Start with “{step}”. Each request then stands here, its signed statements taken apart, with the answer.",
    "Begynn med «{step}». Da står hver forespørsel her, med de signerte påstandene plukket fra hverandre, og svaret.",
    "Byrj med «{step}». Då står kvar førespurnad her, med dei signerte påstandane plukka frå kvarandre, og svaret.",
    "Börja med ”{step}”. Då står varje begäran här, med de signerade påståendena isärtagna, och svaret.",
    "Begin met „{step}”. Dan staat elk verzoek hier, met de ondertekende verklaringen ontleed, en het antwoord.",
  ],
  "systems.after": ["Run “{step}” first.", "Kjør «{step}» først.", "Køyr «{step}» først.", "Kör ”{step}” först.", "Voer eerst „{step}” uit."],
  "systems.call": ["The call", "Kallet", "Kallet", "Anropet", "De aanroep"],
  "systems.others": ["Somebody else does this.", "Dette gjør noen andre.", "Dette gjer nokon andre.", "Det här gör någon annan.", "Dit doet iemand anders."],
  "systems.differs": [
    "The comparison failed: the API sees you as another.",
    "Sammenligningen slo feil: API-et ser deg som en annen.",
    "Samanlikninga slo feil: API-et ser deg som ein annan.",
    "Jämförelsen misslyckades: API:et ser dig som en annan.",
    "De vergelijking is mislukt: de API ziet u als een ander.",
  ],
  "systems.words": ["Words", "Ord", "Ord", "Ord", "Woorden"],
  "word.worker": ["Worker", "Worker", "Worker", "Worker", "Worker"],
  "word.worker.text": [
    "A small program on a server near the visitor. It keeps keys and secrets, so that the page need not.",
    "Et lite program på en tjener nær den besøkende. Det holder nøkler og hemmeligheter, så siden slipper.",
    "Eit lite program på ein tenar nær den vitjande. Det held nøklar og løyndomar, så sida slepp.",
    "Ett litet program på en server nära besökaren. Det håller nycklar och hemligheter, så att sidan slipper.",
    "Een klein programma op een server dicht bij de bezoeker. Het bewaart sleutels en geheimen, zodat de pagina dat niet hoeft.",
  ],
  "word.token": ["Token", "Token", "Token", "Token", "Token"],
  "word.token.text": [
    "A ticket with a short life that opens an API, for what it was given.",
    "En billett med kort levetid som åpner et API, for det den ble gitt til.",
    "Ein billett med kort levetid som opnar eit API, for det han vart gitt til.",
    "En biljett med kort livslängd som öppnar ett API, för det den gavs till.",
    "Een kaartje met een kort leven dat een API opent, voor dat waarvoor het werd gegeven.",
  ],
  "word.scope": ["Scope", "Scope", "Scope", "Scope", "Scope"],
  "word.scope.text": [
    "The name of what a token may be used for.",
    "Navnet på det et token kan brukes til.",
    "Namnet på det eit token kan brukast til.",
    "Namnet på det en token får användas till.",
    "De naam van dat waarvoor een token mag worden gebruikt.",
  ],
  "word.assertion": ["Signed statement", "Signert påstand", "Signert påstand", "Signerat påstående", "Ondertekende verklaring"],
  "word.assertion.text": [
    "A JWT: what the worker says of itself, signed with its key, in place of a password.",
    "En JWT: det workeren sier om seg selv, signert med nøkkelen sin, i stedet for et passord.",
    "Ein JWT: det workeren seier om seg sjølv, signert med nøkkelen sin, i staden for eit passord.",
    "En JWT: det workern säger om sig själv, signerat med sin nyckel, i stället för ett lösenord.",
    "Een JWT: wat de worker over zichzelf zegt, ondertekend met zijn sleutel, in plaats van een wachtwoord.",
  ],
};
