import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

PAD_IDX = 0


class LabelAttentionClassifier(nn.Module):
    """One learned query per label attends over the token embeddings."""

    def __init__(self, vocab_size, n_labels, dim=32):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim, padding_idx=PAD_IDX)
        self.key = nn.Linear(dim, dim)
        self.label_queries = nn.Parameter(torch.randn(n_labels, dim) * dim ** -0.5)
        self.score = nn.Linear(dim, 1)

    def forward(self, tokens):
        h = self.embedding(tokens)                                  # B, T, D
        att = self.label_queries @ self.key(h).transpose(1, 2)      # B, L, T
        mask = tokens != PAD_IDX
        att = att.masked_fill(mask.unsqueeze(1), -1e9).softmax(dim=-1)
        return self.score(att @ h).squeeze(-1)                      # B, L


def synthetic_corpus(n, gen, vocab_size=200, n_labels=4):
    samples = []
    for _ in range(n):
        label = int(torch.randint(0, n_labels, (1,), generator=gen))
        length = int(torch.randint(4, 16, (1,), generator=gen))
        words = torch.randint(41, vocab_size, (length,), generator=gen)
        words[:2] = 1 + label * 10 + torch.randint(0, 10, (2,), generator=gen)
        samples.append((words[torch.randperm(length, generator=gen)], label))
    return samples


def collate_fn(samples):
    words, labels = zip(*samples)
    return pad_sequence(words, batch_first=True, padding_value=PAD_IDX), torch.tensor(labels)


def accuracy(model, loader):
    model.eval()
    hits, seen = 0, 0
    with torch.no_grad():
        for tokens, labels in loader:
            hits += (model(tokens).argmax(dim=1) == labels).sum().item()
            seen += len(labels)
    return hits / seen


if __name__ == "__main__":
    torch.manual_seed(92)
    gen = torch.Generator().manual_seed(92)
    train_dl = DataLoader(synthetic_corpus(1200, gen), batch_size=40, shuffle=True, collate_fn=collate_fn)
    test_dl = DataLoader(synthetic_corpus(300, gen), batch_size=100, collate_fn=collate_fn)
    model = LabelAttentionClassifier(vocab_size=200, n_labels=4)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(6):
        model.train()
        for tokens, labels in train_dl:
            optimizer.zero_grad()
            criterion(model(tokens), labels).backward()
            optimizer.step()
        print(f"epoch {epoch + 1}/6  test accuracy {accuracy(model, test_dl):.3f}")
