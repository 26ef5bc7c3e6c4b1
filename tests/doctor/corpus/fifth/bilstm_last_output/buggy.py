import torch
from torch import nn

torch.manual_seed(42)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class SentimentNet(nn.Module):
    """Embedding -> BiLSTM -> Klassifikation."""

    def __init__(self, vocab_size: int, emb_dim: int = 16, hidden: int = 24, n_classes: int = 2):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, emb_dim)
        self.lstm = nn.LSTM(emb_dim, hidden, num_layers=1, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hidden, n_classes)

    def forward(self, tokens):
        out, (h_n, _) = self.lstm(self.emb(tokens))
        feat = out[:, -1]
        return self.fc(feat)


# Die Klasse hängt vom Satzanfang ab: steht in den ersten drei Wörtern öfter ein gerades Wort?
VOCAB, LEN = 40, 30
tokens = torch.randint(0, VOCAB, (1600, LEN))
labels = ((tokens[:, :3] % 2 == 0).sum(1) >= 2).long()
train_x, val_x = tokens[:1280].to(device), tokens[1280:].to(device)
train_y, val_y = labels[:1280].to(device), labels[1280:].to(device)

model = SentimentNet(VOCAB).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=8e-3)

for epoch in range(8):
    # Training
    model.train()
    for idx in torch.randperm(len(train_x), device=device).split(64):
        optimizer.zero_grad()
        loss = criterion(model(train_x[idx]), train_y[idx])
        loss.backward()
        optimizer.step()
    # Validierung
    model.eval()
    with torch.no_grad():
        acc = (model(val_x).argmax(dim=1) == val_y).float().mean()
    print(f"Epoche {epoch + 1}: Genauigkeit {acc.item():.3f}")
