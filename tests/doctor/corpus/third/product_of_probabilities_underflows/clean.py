import torch
from torch import nn
import torch.nn.functional as F

LETTERS, LANGS, LENGTH = 27, 3, 250


class Languages:
    """three invented languages given by their letter transitions"""

    def __init__(self, seed):
        self.g = torch.Generator().manual_seed(seed)
        shared = torch.randn(LETTERS, LETTERS, generator=self.g)
        own = torch.randn(LANGS, LETTERS, LETTERS, generator=self.g)
        self.table = (shared + 0.6 * own).softmax(-1)

    def write(self, n, length):
        lang = torch.randint(LANGS, (n,), generator=self.g)
        text = torch.zeros(n, length + 1, dtype=torch.long)
        for i in range(length):
            p = self.table[lang, text[:, i]]
            text[:, i + 1] = torch.multinomial(p, 1, generator=self.g).squeeze(1)
        return text, lang


class BigramModels(nn.Module):
    """one bigram model per language, all in one table"""

    def __init__(self):
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(LANGS, LETTERS, LETTERS))

    def forward(self, lang, prev):
        return self.logits[lang[:, None], prev]

    def score(self, text):
        logp = F.log_softmax(self.logits, dim=-1)
        steps = logp[:, text[:, :-1], text[:, 1:]]        # (LANGS, N, T)
        return steps.sum(dim=-1).t()


def train(model, text, lang, epochs):
    opt = torch.optim.Adam(model.parameters(), lr=0.05)
    for epoch in range(epochs):
        for i in torch.randperm(len(text)).split(30):
            out = model(lang[i], text[i, :-1])
            loss = F.cross_entropy(out.flatten(0, 1), text[i, 1:].flatten())
            opt.zero_grad()
            loss.backward()
            opt.step()
        print("epoch", epoch, "nats per letter", round(loss.item(), 4))


torch.manual_seed(0)
source = Languages(seed=2)
model = BigramModels()
train(model, *source.write(150, LENGTH), epochs=6)

model.eval()
text, lang = source.write(200, LENGTH)
with torch.no_grad():
    guess = model.score(text).argmax(dim=1)
print("language recognised:", (guess == lang).float().mean().item())
