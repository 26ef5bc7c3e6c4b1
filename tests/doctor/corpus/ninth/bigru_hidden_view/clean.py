import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class SentimentGRU(nn.Module):
    def __init__(self, vocab_size, emb_dim=16, hidden=24):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb_dim)
        self.gru = nn.GRU(emb_dim, hidden, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hidden, 1)

    def forward(self, tokens):
        _, h_n = self.gru(self.embedding(tokens))
        h_n = h_n.transpose(0, 1).reshape(tokens.size(0), -1)
        return self.fc(h_n).squeeze(1)


def generate_reviews(n, vocab_size, length, polarity, generator):
    tokens = torch.randint(0, vocab_size, (n, length), generator=generator)
    labels = (polarity[tokens].sum(dim=1) > 0).float()
    return TensorDataset(tokens, labels)


def main():
    torch.manual_seed(77)
    g = torch.Generator().manual_seed(77)
    vocab_size, length = 80, 12
    polarity = torch.randn(vocab_size, generator=g)
    train_set = generate_reviews(1000, vocab_size, length, polarity, g)
    valid_set = generate_reviews(300, vocab_size, length, polarity, g)
    train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
    valid_loader = DataLoader(valid_set, batch_size=50)

    model = SentimentGRU(vocab_size)
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)

    for epoch in range(6):
        model.train()
        for tokens, labels in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(tokens), labels)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()

        model.eval()
        correct = 0
        with torch.no_grad():
            for tokens, labels in valid_loader:
                predicted = (model(tokens) > 0).float()
                correct += (predicted == labels).sum().item()
        print(f"epoch {epoch}: valid accuracy {correct / len(valid_set):.3f}")


if __name__ == "__main__":
    main()
