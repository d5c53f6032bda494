-- wrk: each thread is one person, who hands in the same form of a construction unit and takes it back, again and again.
-- COOKIES, FORMS: files with a cookie and a form a line. One connection a thread.
local function lines_of(name)
    local lines = {}
    for line in io.lines(os.getenv(name)) do
        lines[#lines + 1] = line
    end
    return lines
end

local given = 0

function setup(thread)
    given = given + 1
    thread:set("cookie", lines_of("COOKIES")[given])
    thread:set("form", lines_of("FORMS")[given])
    thread:set("number", given)
end

function init()
    count = 0
    run = tostring(os.time()) .. number
end

-- The first request reads where an earlier run stopped.
function request()
    local headers = { ["Cookie"] = cookie }
    if version == nil then
        return wrk.format("GET", "/api/v1/identities/OWNER_UNIT", headers)
    end
    count = count + 1
    headers["Content-Type"] = "application/json"
    headers["X-Guild-Request"] = "1"
    headers["Idempotency-Key"] = run .. "-" .. count
    if open then
        return wrk.format("POST", "/api/v1/identities/OWNER_UNIT/withdrawal", headers, '{"submission_version":' .. submitted .. "}")
    end
    return wrk.format("POST", "/api/v1/identities/OWNER_UNIT/submissions", headers,
        '{"version":' .. version .. ',"form":{"owner_unit":' .. form .. "}}")
end

-- Handing in and taking back both make another version of the draft.
function response(status, headers, body)
    if version == nil then
        version = tonumber(body:match('"draft":{.-"version":(%d+)'))
    else
        version = version + 1
    end
    submitted = tonumber(body:match('"submission_version":(%d+)')) or submitted
    open = body:match('"state":"(%u+)"') == "PENDING"
end
