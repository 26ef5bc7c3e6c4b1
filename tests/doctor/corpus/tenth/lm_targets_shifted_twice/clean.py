import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

CORPUS = "the quick brown fox jumps over the lazy dog. pack my box with five dozen liquor jugs. " * 12
chars = sorted(set(CORPUS))
stoi = {c: i for i, c in enumerate(chars)}
itos = {i: c for c, i in stoi.items()}


class CharDataset(Dataset):
    def __init__(self, text, block):
        self.ids = torch.tensor([stoi[c] for c in text])
        self.block = block

    def __len__(self):
        return len(self.ids) - self.block

    def __getitem__(self, i):
        chunk = self.ids[i:i + self.block + 1]
        return chunk[:-1], chunk[1:]


class CharLM(nn.Module):
    def __init__(self, vocab, dim=64):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.rnn = nn.GRU(dim, dim, batch_first=True)
        self.head = nn.Linear(dim, vocab)

    def forward(self, idx, targets=None):
        h, _ = self.rnn(self.emb(idx))
        logits = self.head(h)
        loss = None
        if targets is not None:
            loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
        return logits, loss

    @torch.no_grad()
    def generate(self, idx, n):
        self.eval()
        for _ in range(n):
            logits, _ = self(idx)
            idx = torch.cat([idx, logits[:, -1].argmax(-1, keepdim=True)], dim=1)
        return idx


def main():
    torch.manual_seed(1337)
    loader = DataLoader(CharDataset(CORPUS, 32), batch_size=32, shuffle=True)
    model = CharLM(len(chars))
    opt = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for epoch in range(3):
        model.train()
        total = 0.0
        for x, y in loader:
            _, loss = model(x, y)
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            total += loss.item() * len(x)
        print(f"epoch {epoch}: loss {total / len(loader.dataset):.3f}")
    prompt = torch.tensor([[stoi[c] for c in "the quick "]])
    print("".join(itos[i] for i in model.generate(prompt, 50)[0].tolist()))


if __name__ == "__main__":
    main()
