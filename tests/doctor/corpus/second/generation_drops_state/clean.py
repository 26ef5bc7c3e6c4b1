import torch
import torch.nn as nn
import torch.nn.functional as F


class Melody:
    """Motifs of six notes that repeat; the next note depends on what was played before."""
    motifs = [[0, 4, 0, 7, 0, 9], [2, 5, 2, 9, 2, 11], [1, 3, 6, 3, 1, 8]]

    @classmethod
    def batch(cls, n, length, gen):
        rows = []
        for m in torch.randint(0, 3, (n,), generator=gen).tolist():
            start = int(torch.randint(0, 6, (1,), generator=gen))
            tune = (cls.motifs[m] * 8)[start:start + length + 1]
            rows.append(tune)
        return torch.tensor(rows)

    @classmethod
    def is_valid(cls, notes):
        s = ",".join(map(str, notes)) + ","
        return any(s in ",".join(map(str, m * 10)) + "," for m in cls.motifs)


class NoteModel(nn.Module):
    def __init__(self, n_notes=12, hid=40):
        super().__init__()
        self.emb = nn.Embedding(n_notes, 16)
        self.lstm = nn.LSTM(16, hid, batch_first=True)
        self.proj = nn.Linear(hid, n_notes)

    def forward(self, x, state=None):
        y, state = self.lstm(self.emb(x), state)
        return self.proj(y), state


def train(model, steps, gen):
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    model.train()
    for step in range(steps):
        seq = Melody.batch(32, 18, gen)
        logits, _ = model(seq[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), seq[:, 1:].flatten())
        opt.zero_grad()
        loss.backward()
        opt.step()
    return loss.item()


@torch.no_grad()
def generate(model, prompt, n_new):
    model.eval()
    logits, state = model(prompt)
    token = logits[:, -1].argmax(-1, keepdim=True)
    produced = [token]
    for _ in range(n_new - 1):
        logits, state = model(token, state)
        token = logits[:, -1].argmax(-1, keepdim=True)
        produced.append(token)
    return torch.cat([prompt] + produced, dim=1)


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(5)
    net = NoteModel()
    print("train loss", round(train(net, 120, gen), 3))
    tunes = generate(net, Melody.batch(60, 7, gen), 12)
    print("valid melodies", sum(Melody.is_valid(r) for r in tunes.tolist()), "of", len(tunes))
