import torch
import torch.nn as nn

torch.manual_seed(31)
ITEMS, HID, SLOTS = 24, 40, 8


def make_sessions(n):
    """Items come in chains of four: 0-1-2-3, 4-5-6-7, ... a session walks along one chain or two."""
    out = []
    for _ in range(n):
        s = []
        for _ in range(int(torch.randint(1, 3, (1,)))):
            c = int(torch.randint(0, ITEMS // 4, (1,))) * 4
            s += [c, c + 1, c + 2, c + 3]
        out.append(s)
    return out


def session_parallel(sessions):
    """Yields input, target and a mask of the slots in which a new session begins."""
    nxt = SLOTS
    cur, pos = list(range(SLOTS)), [0] * SLOTS
    fresh = torch.ones(SLOTS, dtype=torch.bool)
    while True:
        x = torch.tensor([sessions[s][p] for s, p in zip(cur, pos)])
        y = torch.tensor([sessions[s][p + 1] for s, p in zip(cur, pos)])
        yield x, y, fresh
        fresh = torch.zeros(SLOTS, dtype=torch.bool)
        for k in range(SLOTS):
            pos[k] += 1
            if pos[k] + 1 >= len(sessions[cur[k]]):
                if nxt >= len(sessions):
                    return
                cur[k], pos[k], fresh[k] = nxt, 0, True
                nxt += 1


class GRU4Rec(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(ITEMS, 24)
        self.cell = nn.GRUCell(24, HID)
        self.out = nn.Linear(HID, ITEMS)

    def forward(self, x, h):
        h = self.cell(self.emb(x), h)
        return self.out(h), h


def run(model, sessions, opt=None):
    h = torch.zeros(SLOTS, HID)
    hits = n = 0
    for x, y, fresh in session_parallel(sessions):
        h = h.detach() * (~fresh).float().unsqueeze(1)
        logits, h = model(x, h)
        if opt is not None:
            loss = nn.functional.cross_entropy(logits, y)
            opt.zero_grad()
            loss.backward()
            opt.step()
        hits += (logits.topk(3, dim=1).indices == y[:, None]).any(1).sum().item()
        n += len(y)
    return hits / n


train_s, test_s = make_sessions(500), make_sessions(120)
model = GRU4Rec()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(4):
    model.train()
    tr = run(model, train_s, opt)
    model.eval()
    with torch.no_grad():
        te = run(model, test_s)
    print(f"epoch {epoch} recall@3 train {tr:.3f} test {te:.3f}")
