# Transfer learning: Autoencoder vortrainieren, dann nur den Klassifikator lernen
import torch
import torch.nn as nn
import torch.optim as optim
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.manual_seed(0)
X, y = load_wine(return_X_y=True)
X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)
scaler = StandardScaler().fit(X_tr)
X_tr = torch.tensor(scaler.transform(X_tr), dtype=torch.float32)
X_te = torch.tensor(scaler.transform(X_te), dtype=torch.float32)
y_tr, y_te = torch.tensor(y_tr), torch.tensor(y_te)


class Encoder(nn.Module):
    def __init__(self, n_in=13, n_code=6):
        super(Encoder, self).__init__()
        self.fc1 = nn.Linear(n_in, 32)
        self.fc2 = nn.Linear(32, n_code)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


class Classifier(nn.Module):
    def __init__(self, encoder, n_code=6, n_out=3):
        super(Classifier, self).__init__()
        self.encoder = encoder
        self.head = nn.Linear(n_code, n_out)

    def forward(self, x):
        return self.head(self.encoder(x))


def freeze(module):
    """Schaltet die Gradienten aller Gewichte aus."""
    for param in module.parameters():
        param.require_grad = False


# 1) Vortraining ohne Etiketten
encoder = Encoder()
decoder = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 13))
opt = optim.Adam(list(encoder.parameters()) + list(decoder.parameters()), lr=1e-2)
for it in range(150):
    opt.zero_grad()
    rec = nn.functional.mse_loss(decoder(encoder(X_tr)), X_tr)
    rec.backward()
    opt.step()
print("Rekonstruktion: %.3f" % rec.item())

# 2) nur die letzte Schicht, der Encoder bleibt fest
freeze(encoder)
model = Classifier(encoder)
opt = optim.Adam(model.parameters(), lr=1e-2)
criterion = nn.CrossEntropyLoss()
model.train()
for it in range(100):
    opt.zero_grad()
    loss = criterion(model(X_tr), y_tr)
    loss.backward()
    opt.step()

model.eval()
with torch.no_grad():
    acc = (model(X_te).argmax(1) == y_te).float().mean().item()
print("Testgenauigkeit: %.3f" % acc)
