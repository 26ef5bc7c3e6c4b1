import numpy as np
import torch
import torch.nn as nn
from sklearn.preprocessing import LabelEncoder

rng = np.random.RandomState(8)
torch.manual_seed(8)

CITIES = np.array(['berlin', 'bonn', 'essen', 'hamburg', 'jena', 'kiel', 'leipzig', 'mainz', 'trier', 'ulm'])
BASE = dict(zip(CITIES, [4.5, 2.8, 2.2, 4.1, 2.4, 2.6, 2.5, 3.1, 2.0, 2.9]))

# Mieten: Stadt und Wohnflaeche -> Kaltmiete (in 100 Euro)
def sample(n, cities):
    city = rng.choice(cities, n)
    area = rng.uniform(0.3, 1.2, n)
    rent = np.array([BASE[c] for c in city]) * area * 2 + rng.normal(0, 0.1, n)
    return city, area.astype('float32'), rent.astype('float32')

city_tr, area_tr, rent_tr = sample(800, CITIES)
city_te, area_te, rent_te = sample(200, CITIES[3:])   # neue Angebote, nur aus sieben Staedten

enc = LabelEncoder()
code_tr = torch.from_numpy(enc.fit_transform(city_tr))
code_te = torch.from_numpy(enc.fit_transform(city_te))
area_tr, area_te = torch.from_numpy(area_tr), torch.from_numpy(area_te)
rent_tr, rent_te = torch.from_numpy(rent_tr), torch.from_numpy(rent_te)


class Rent(nn.Module):
    def __init__(self, n_city, dim=4):
        super(Rent, self).__init__()
        self.emb = nn.Embedding(n_city, dim)
        self.fc = nn.Sequential(nn.Linear(dim + 1, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, city, area):
        return self.fc(torch.cat([self.emb(city), area[:, None]], 1))[:, 0]


net = Rent(len(CITIES))
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for epoch in range(40):
    for b in torch.randperm(len(code_tr)).split(80):
        optimizer.zero_grad()
        loss = nn.functional.l1_loss(net(code_tr[b], area_tr[b]), rent_tr[b])
        loss.backward()
        optimizer.step()

net.eval()
with torch.no_grad():
    mae = (net(code_te, area_te) - rent_te).abs().mean()
print('MAE Test: %.3f' % mae.item())
